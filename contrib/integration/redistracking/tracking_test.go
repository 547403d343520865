// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/backplanes/redistracking"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
)

// stallLimit is how soon a stalled peer must be noticed with default options.
const stallLimit = 2500 * time.Millisecond

func TestChanges_OfEveryKindAreTold(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	c, ctx := s.Client(), t.Context()
	sub := join(t, newBus(t, connect(t, s.URL(), nil), nil))
	for i, change := range []struct {
		name string
		do   func(key string) error
	}{
		{"set", func(key string) error { return c.Set(ctx, key, "v", 0).Err() }},
		{"another type", func(key string) error { return c.LPush(ctx, key, "v").Err() }},
		{"script", func(key string) error {
			return c.Eval(ctx, "return redis.call('set', KEYS[1], 'v')", []string{key}).Err()
		}},
		{"expiry", func(key string) error { return c.Set(ctx, key, "v", 20*time.Millisecond).Err() }},
		{"transaction", func(key string) error {
			_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Set(ctx, key, "v", 0)
				return nil
			})
			return err
		}},
	} {
		key := fmt.Sprintf("e:%d\x00\xff", i)
		told := func() bool { return slices.Contains(sub.changed(), key) }
		if err := change.do(key); err != nil {
			t.Fatal(err)
		}
		redistest.Eventually(t, patience, "news of a "+change.name, told)
		before := len(sub.changed())
		if change.name == "expiry" {
			redistest.Eventually(t, patience, "news of its end", func() bool { return len(sub.changed()) > before })
			continue
		}
		if err := c.Del(ctx, key).Err(); err != nil {
			t.Fatal(err)
		}
		redistest.Eventually(t, patience, "news of its deletion", func() bool { return len(sub.changed()) > before })
	}
	if sub.joined() != 1 {
		t.Errorf("joined %d times", sub.joined())
	}
}

func TestChanges_OfOtherKeysAreNotTold(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	sub := join(t, newBus(t, connect(t, s.URL(), nil), nil))
	for _, key := range []string{"x", "e", "E:k", "x:e:k"} {
		if err := s.Client().Set(t.Context(), key, "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	wantChange(t, s.Client(), sub, "m:last")
	if got := sub.changed(); len(got) != 1 {
		t.Errorf("told of %q", got)
	}
}

func TestPrefix_IsCutOff(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	sub := join(t, newBus(t, connect(t, s.URL(), nil), &redistracking.Options{Prefix: "team:"}))
	for _, key := range []string{"e:k", "team:e:k"} {
		if err := s.Client().Set(t.Context(), key, "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	redistest.Eventually(t, patience, "the news", func() bool { return len(sub.changed()) > 0 })
	if got := sub.changed(); !slices.Equal(got, []string{"e:k"}) {
		t.Errorf("told of %q, want e:k once", got)
	}
}

func TestEviction_IsTold(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{Config: []string{"--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru"}})
	sub := join(t, newBus(t, connect(t, s.URL(), nil), nil))
	wantChange(t, s.Client(), sub, "e:first")
	news := func() (n int) {
		for _, key := range sub.changed() {
			if key == "e:first" {
				n++
			}
		}
		return n
	}
	large := strings.Repeat("x", 100_000)
	redistest.Eventually(t, patience, "the eviction of the first key", func() bool {
		for i := range 20 {
			if err := s.Client().Set(t.Context(), fmt.Sprint("x:", i, time.Now().UnixNano()), large, 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		return s.Client().Exists(t.Context(), "e:first").Val() == 0
	})
	redistest.Eventually(t, patience, "news of it", func() bool { return news() > 1 })
}

func TestFlush_IsToldAsAGap(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	sub := join(t, newBus(t, connect(t, s.URL(), nil), nil))
	for i, flush := range []func(context.Context) *redis.StatusCmd{s.Client().FlushAll, s.Client().FlushDB} {
		if err := s.Client().Set(t.Context(), "e:k", "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if err := flush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		redistest.Eventually(t, patience, "the news", func() bool { return sub.joined() == i+2 })
	}
}

func TestMessages_ComeAsWithoutTracking(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	bus := newBus(t, connect(t, s.URL(), nil), nil)
	sub := join(t, bus)
	if err := bus.Publish(t.Context(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, patience, "the message", func() bool {
		sub.mu.Lock()
		defer sub.mu.Unlock()
		return slices.Contains(sub.messages, "hello")
	})
}

// A connection that is lost takes the subscription with it: what changed
// meanwhile nobody knows.
func TestLostConnection_EndsTheSubscription(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	faults := redistest.NewFaults(t, s.Addr())
	client, direct := connect(t, s.URL(), faults), connect(t, s.URL(), nil)
	inner, err := redisbus.New(direct, "ch", nil)
	if err != nil {
		t.Fatal(err)
	}
	bus, err := redistracking.New(client, inner, prefixes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		sub := rejoin(t, bus)
		wantChange(t, direct, sub, "e:before")
		faults.Cut()
		if err := sub.wantEnd(t); err == nil || !strings.Contains(err.Error(), "redistracking: tracking of") {
			t.Errorf("Subscribe: %v, want a lost connection", err)
		}
		if n := sub.joined(); n != 1 {
			t.Errorf("joined %d times", n)
		}
	}
	wantChange(t, direct, rejoin(t, bus), "e:after")
}

func TestLostMessages_EndTheSubscription(t *testing.T) {
	t.Parallel()
	s, other := redistest.Start(t, nil), redistest.Start(t, nil)
	inner, err := redisbus.New(connect(t, other.URL(), nil), "ch", nil)
	if err != nil {
		t.Fatal(err)
	}
	bus, err := redistracking.New(connect(t, s.URL(), nil), inner, prefixes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	sub := join(t, bus)
	other.Kill(t)
	if err := sub.wantEnd(t); err == nil || !strings.Contains(err.Error(), "redisbus: ") {
		t.Errorf("Subscribe: %v, want the error of the other backplane", err)
	}
}

func TestStoppedServer_IsNoticed(t *testing.T) {
	t.Parallel()
	s, other := redistest.Start(t, nil), redistest.Start(t, nil)
	inner, err := redisbus.New(connect(t, other.URL(), nil), "ch", nil)
	if err != nil {
		t.Fatal(err)
	}
	bus, err := redistracking.New(connect(t, s.URL(), nil), inner, prefixes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	sub := join(t, bus)
	s.Stop(t)
	began := time.Now()
	if err := sub.wantEnd(t); !errors.Is(err, redistracking.ErrStalled) {
		t.Errorf("Subscribe: %v, want %v", err, redistracking.ErrStalled)
	}
	took := time.Since(began)
	t.Logf("noticed after %v", took)
	if took > stallLimit {
		t.Errorf("noticed after %v, want at most %v", took, stallLimit)
	}
	began = time.Now()
	if err := bus.Subscribe(within(t, patience), &subscription{}); err == nil || time.Since(began) > 2*time.Second {
		t.Errorf("subscribing to a stopped server: %v after %v", err, time.Since(began))
	}
	s.Resume(t)
	wantChange(t, s.Client(), rejoin(t, bus), "e:after")
}

func TestStoppedServer_DoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	sub := join(t, newBus(t, connect(t, s.URL(), nil), nil))
	s.Stop(t)
	start := time.Now()
	sub.stop()
	if took := time.Since(start); took > 500*time.Millisecond || !errors.Is(sub.err, context.Canceled) {
		t.Errorf("returned %v after %v", sub.err, took)
	}
	s.Resume(t)
}

// Redis drops a subscriber that does not read, instead of keeping all that it
// has to tell.
func TestSlowSubscriber_IsToldOfItsLoss(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{Config: []string{"--client-output-buffer-limit", "pubsub", "256kb", "64kb", "1"}})
	bus := newBus(t, connect(t, s.URL(), nil), nil)
	sub := start(t, bus, &subscription{block: make(chan struct{})})
	redistest.Eventually(t, patience, "Joined", func() bool { return sub.joined() > 0 })
	subscribers := func() int64 {
		return s.Client().PubSubNumSub(t.Context(), "__redis__:invalidate").Val()["__redis__:invalidate"]
	}
	long := "e:" + strings.Repeat("k", 60_000)
	redistest.Eventually(t, 30*time.Second, "Redis to drop the subscriber", func() bool {
		if err := s.Client().Set(t.Context(), long, "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
		return subscribers() == 0
	})
	close(sub.block)
	if err := sub.wantEnd(t); err == nil {
		t.Error("no error")
	}
}

func TestSubscriber_WithoutTheAbilityIsRefused(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	var plain struct{ core.Subscriber }
	err := newBus(t, connect(t, s.URL(), nil), nil).Subscribe(within(t, patience), plain)
	if !errors.Is(err, redistracking.ErrSubscriber) {
		t.Errorf("Subscribe: %v, want %v", err, redistracking.ErrSubscriber)
	}
}

func TestEnd_LeavesNothingBehind(t *testing.T) {
	s := redistest.Start(t, nil)
	bus := newBus(t, connect(t, s.URL(), nil), nil)
	if err := bus.Publish(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	connections := func() string { return s.Info(t, "clients", "connected_clients") }
	before, open := runtime.NumGoroutine(), connections()
	subs := make([]*subscription, 10)
	for i := range subs {
		subs[i] = join(t, bus)
	}
	for _, sub := range subs {
		start := time.Now()
		sub.stop()
		if took := time.Since(start); took > 500*time.Millisecond || !errors.Is(sub.err, context.Canceled) {
			t.Errorf("returned %v after %v", sub.err, took)
		}
	}
	redistest.Eventually(t, patience, "the connections to end", func() bool { return connections() == open })
	redistest.Eventually(t, patience, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestACL_LeastPrivilegeIsEnough(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{
		Password: "root",
		Users: []string{
			"app on >secret resetchannels &__redis__:invalidate &ch +client|tracking +subscribe +publish +ping",
			"less on >secret resetchannels &__redis__:invalidate &ch +subscribe +publish +ping",
		},
	})
	sub := join(t, newBus(t, connect(t, "redis://app:secret@"+s.Addr(), nil), nil))
	wantChange(t, s.Client(), sub, "e:k")
	err := newBus(t, connect(t, "redis://less:secret@"+s.Addr(), nil), nil).Subscribe(within(t, patience), &subscription{})
	if reply, ok := errors.AsType[redis.Error](err); !ok || !redis.HasErrorPrefix(reply, "NOPERM") || strings.Contains(err.Error(), "secret") {
		t.Errorf("without the permission: %v, want NOPERM", err)
	}
}

func TestCluster_AllMastersAreTracked(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	client := connect(t, c.URL(), nil)
	bus := newBus(t, client, nil)
	sub := join(t, bus)
	owners := map[string]bool{}
	for i := range 30 {
		key := fmt.Sprint("e:", i)
		owners[c.Owner(t, key).Addr()] = true
		wantChange(t, client, sub, key)
	}
	if len(owners) != 3 {
		t.Errorf("the keys are on %d masters, want 3", len(owners))
	}

	owner := c.Owner(t, "e:0")
	replica := c.AddReplica(t, owner)
	owner.Kill(t)
	if err := sub.wantEnd(t); err == nil {
		t.Error("ended without an error")
	}
	redistest.Eventually(t, 30*time.Second, "the replica to be promoted", func() bool {
		return replica.Info(t, "replication", "role") == "master"
	})
	again := rejoin(t, bus)
	redistest.Eventually(t, patience, "the cluster to take writes", func() bool {
		return client.Set(t.Context(), "e:0", "v", 0).Err() == nil
	})
	wantChange(t, client, again, "e:0")
}

func TestCluster_ANewMasterIsTracked(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	client := connect(t, c.URL(), nil)
	bus := newBus(t, client, nil)
	sub := join(t, bus)
	node := c.AddMaster(t)
	c.Move(t, "e:k", c.Owner(t, "e:k"), node)
	began := time.Now()
	if err := sub.wantEnd(t); err == nil || !strings.Contains(err.Error(), "masters") {
		t.Errorf("Subscribe: %v, want other masters", err)
	}
	t.Logf("noticed after %v", time.Since(began))
	again := rejoin(t, bus)
	wantChange(t, client, again, "e:k")
	if n := node.Client().PubSubNumSub(t.Context(), "__redis__:invalidate").Val()["__redis__:invalidate"]; n != 1 {
		t.Errorf("%d connections track on the new master, want 1", n)
	}
}
