// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
)

// overshoot returns by how much calls exceed their deadline, in order of size.
func overshoot(t *testing.T, l *redisdist.Layer, calls int, limit time.Duration) []time.Duration {
	t.Helper()
	over := make([]time.Duration, calls)
	for i := range over {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		start := time.Now()
		_, ok, err := l.Get(ctx, "k")
		over[i] = time.Since(start) - limit
		cancel()
		if ok || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("get: %v, %v, want the deadline", ok, err)
		}
	}
	slices.Sort(over)
	return over
}

// wantOvershoot allows single calls to be late: the machine may be busy.
func wantOvershoot(t *testing.T, over []time.Duration) {
	t.Helper()
	median, last := over[len(over)/2], over[len(over)-1]
	t.Logf("overshoot: median %v, maximum %v", median, last)
	if median > 50*time.Millisecond || last > time.Second {
		t.Errorf("overshoot: median %v, maximum %v, want at most 50ms and 1s", median, last)
	}
}

func TestStoppedServer_KeepsDeadlines(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	pooled := open(t, s.URL(), nil)
	mustSet(t, pooled, "k", "v")
	fresh := open(t, s.URL(), nil)
	s.Stop(t)
	wantOvershoot(t, overshoot(t, pooled, 11, 50*time.Millisecond))
	wantOvershoot(t, overshoot(t, fresh, 11, 50*time.Millisecond))
	s.Resume(t)
	wantValue(t, pooled, "k", "v")
	wantValue(t, fresh, "k", "v")
}

func TestStoppedServer_LeavesNoGoroutines(t *testing.T) {
	s := redistest.Start(t, nil)
	l := open(t, s.URL(), nil)
	mustSet(t, l, "k", "v")
	before := runtime.NumGoroutine()
	s.Stop(t)
	done := make(chan struct{})
	for range 100 {
		go func() {
			_, _, _ = l.Get(within(t, 50*time.Millisecond), "k")
			done <- struct{}{}
		}()
	}
	for range 100 {
		<-done
	}
	s.Resume(t)
	redistest.Eventually(t, 10*time.Second, "the goroutines of the calls to end", func() bool {
		return runtime.NumGoroutine() <= before
	})
}

func TestStoppedServer_EndsCallsWithoutDeadline(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	l := open(t, s.URL(), &redisdist.OpenOptions{ReadTimeout: 100 * time.Millisecond})
	mustSet(t, l, "k", "v")
	s.Stop(t)
	start := time.Now()
	_, ok, err := l.Get(t.Context(), "k")
	if took := time.Since(start); ok || err == nil || took > 2*time.Second {
		t.Errorf("get: %v, %v after %v, want an error after the read timeout", ok, err, took)
	}
}

func TestKilledServer_FailsFastAndComesBack(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	l := open(t, s.URL(), nil)
	mustSet(t, l, "k", "v")
	s.Kill(t)
	for range 50 {
		start := time.Now()
		if _, ok, err := l.Get(within(t, 5*time.Second), "k"); ok || err == nil {
			t.Fatalf("get from a dead server: %v, %v", ok, err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("failed after %v", took)
		}
	}
	s.Restart(t)
	start := time.Now()
	redistest.Eventually(t, 5*time.Second, "the layer to work again", func() bool {
		_, ok, err := l.Get(within(t, time.Second), "k")
		return !ok && err == nil
	})
	t.Logf("worked %v after the restart", time.Since(start))
	mustSet(t, l, "k", "new")
	wantValue(t, l, "k", "new")
}

func TestCutConnections_AreReplaced(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	faults := redistest.NewFaults(t, s.Addr())
	l := openThrough(t, s.URL(), faults)
	mustSet(t, l, "k", "v")
	for range 20 {
		faults.Cut()
		if _, ok, err := l.Get(within(t, 5*time.Second), "k"); !ok && err == nil {
			t.Fatal("a cut looks like a miss")
		}
		wantValue(t, l, "k", "v")
	}
}

// What arrives late belongs to a call that has given up; no later call may take
// it for its own answer.
func TestLateAnswers_AreNotMixedUp(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	faults := redistest.NewFaults(t, s.Addr())
	l := openThrough(t, s.URL(), faults)
	for i := range 10 {
		mustSet(t, l, fmt.Sprint("k", i), fmt.Sprint("v", i))
	}
	for i := range 10 {
		faults.Hang()
		if _, ok, err := l.Get(within(t, 20*time.Millisecond), fmt.Sprint("k", i)); ok || err == nil {
			t.Errorf("get through a hanging network: %v, %v", ok, err)
		}
		faults.Restore()
		wantValue(t, l, fmt.Sprint("k", 9-i), fmt.Sprint("v", 9-i))
	}
}

func TestSlowNetwork_KeepsDeadlines(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	faults := redistest.NewFaults(t, s.Addr())
	l := openThrough(t, s.URL(), faults)
	mustSet(t, l, "k", "v")
	faults.Delay(500 * time.Millisecond)
	wantOvershoot(t, overshoot(t, l, 5, 50*time.Millisecond))
	faults.Restore()
	wantValue(t, l, "k", "v")
}

func TestFullServer_RefusesWritesAndDeletes(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{Config: []string{"--maxmemory-policy", "noeviction"}})
	l := open(t, s.URL(), nil)
	mustSet(t, l, "k", "v")
	if err := s.Client().ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if err := l.Set(t.Context(), "k2", []byte("v"), time.Minute); !errors.As(err, new(redis.Error)) {
		t.Errorf("set on a full server: %v, want its reply", err)
	}
	wantValue(t, l, "k", "v")
	if err := l.Delete(t.Context(), "k"); err != nil {
		t.Errorf("delete on a full server: %v", err)
	}
	if _, ok, err := l.Get(t.Context(), "k"); ok || err != nil {
		t.Errorf("get after delete: %v, %v, want a miss", ok, err)
	}
}

// counter counts the attempts to set anything, per node.
type counter struct{ sets atomic.Int64 }

func (c *counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "set" {
			c.sets.Add(1)
		}
		return next(ctx, cmd)
	}
}

func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// The client of a cluster repeats commands by itself, whatever its MaxRetries.
func TestCluster_SendsNothingTwice(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	options, err := redisdist.ClientOptions(c.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var count counter
	client := redis.NewClusterClient(options.Cluster())
	t.Cleanup(func() { _ = client.Close() })
	client.OnNewNode(func(node *redis.Client) { node.AddHook(&count) })
	l, err := redisdist.New(client, nil)
	if err != nil {
		t.Fatal(err)
	}
	mustSet(t, l, "k", "v")
	c.Owner(t, "k").Kill(t)
	before := count.sets.Load()
	for range 5 {
		if err := l.Set(within(t, 5*time.Second), "k", nil, time.Minute); err == nil {
			t.Error("set on a dead node succeeds")
		}
	}
	if got := count.sets.Load() - before; got != 5 {
		t.Errorf("%d attempts for 5 calls", got)
	}
}

func TestCluster_FollowsAPromotedReplica(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	l := open(t, c.URL(), nil)
	mustSet(t, l, "k", "v")
	owner := c.Owner(t, "k")
	replica := c.AddReplica(t, owner)
	owner.Kill(t)
	redistest.Eventually(t, 30*time.Second, "the replica to be promoted", func() bool {
		_, _, _ = l.Get(within(t, 200*time.Millisecond), "k")
		return replica.Info(t, "replication", "role") == "master"
	})
	start := time.Now()
	redistest.Eventually(t, 10*time.Second, "the layer to find the new master", func() bool {
		_, ok, _ := l.Get(within(t, time.Second), "k")
		return ok
	})
	t.Logf("found the new master after %v", time.Since(start))
}

func TestSentinel_FollowsTheMaster(t *testing.T) {
	t.Parallel()
	s := redistest.StartSentinel(t)
	l := open(t, "redis://"+s.Addr()+"?master="+redistest.MasterName, nil)
	mustSet(t, l, "k", "v")
	s.Master.Kill(t)
	if _, ok, err := l.Get(within(t, time.Second), "k"); ok || err == nil {
		t.Errorf("get from a dead master: %v, %v", ok, err)
	}
	start := time.Now()
	redistest.Eventually(t, 30*time.Second, "the replica to take over", func() bool {
		return l.Set(within(t, time.Second), "k", []byte("new"), time.Minute) == nil
	})
	t.Logf("took over after %v", time.Since(start))
	wantValue(t, l, "k", "new")
}
