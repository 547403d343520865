// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisstream_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/redisstream"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
)

// stallLimit is how soon a stalled peer must be noticed with default options.
const stallLimit = 2500 * time.Millisecond

// publish adds n messages and returns them.
func publish(t *testing.T, bus *redisstream.Backplane, n int) []string {
	t.Helper()
	sent := make([]string, n)
	for i := range sent {
		sent[i] = fmt.Sprintf("message %d of %d", i+1, n)
		if err := bus.Publish(within(t, patience), []byte(sent[i])); err != nil {
			t.Fatal(err)
		}
	}
	return sent
}

// wantMessages waits for the last message of want and compares them all.
func wantMessages(t *testing.T, s *subscription, want []string) {
	t.Helper()
	redistest.Eventually(t, patience, "the last message", func() bool { return s.has(want[len(want)-1]) })
	if got := s.got(); !slices.Equal(got, want) {
		t.Errorf("%d messages, want %d in the order in which they were sent", len(got), len(want))
	}
}

func cutFor(t *testing.T, d time.Duration, f *redistest.Faults, meanwhile func()) {
	t.Helper()
	f.Break()
	healed := time.After(d)
	meanwhile()
	<-healed
	f.Restore()
}

func TestCut_LosesNothing(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	faults := redistest.NewFaults(t, s.Addr())
	sub, publisher := join(t, newBus(t, s.URL(), faults, nil)), newBus(t, s.URL(), nil, nil)
	want := publish(t, publisher, 10)
	cutFor(t, 5*time.Second, faults, func() { want = append(want, publish(t, publisher, 1000)...) })
	restored := time.Now()
	sub.wantJoins(t, false, true)
	wantMessages(t, sub, want)
	t.Logf("caught up %v after the network came back", time.Since(restored))
}

func TestCut_BeyondTheStreamIsReported(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	faults := redistest.NewFaults(t, s.Addr())
	opts := &redisstream.Options{MaxLen: 200}
	sub, publisher := join(t, newBus(t, s.URL(), faults, opts)), newBus(t, s.URL(), nil, opts)
	wantDelivery(t, publisher, sub, "before")
	cutFor(t, 0, faults, func() { publish(t, publisher, 1000) })
	sub.wantJoins(t, false, false)
	wantDelivery(t, publisher, sub, "after")
	if n := s.Client().XLen(t.Context(), stream).Val(); n > 400 {
		t.Errorf("the stream has %d entries, want about 200", n)
	}
}

func TestKilledConnections_LoseNothing(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	sub, publisher := join(t, newBus(t, s.URL(), nil, nil)), newBus(t, s.URL(), nil, nil)
	joins, want := []bool{false}, []string(nil)
	for i := range 20 {
		if err := s.Client().ClientKillByFilter(t.Context(), "TYPE", "normal", "SKIPME", "yes").Err(); err != nil {
			t.Fatal(err)
		}
		joins = append(joins, true)
		want = append(want, fmt.Sprint("after ", i))
		wantDelivery(t, publisher, sub, want[i])
		sub.wantJoins(t, joins...)
	}
	wantMessages(t, sub, want)
}

func TestRestartedServer_IsReported(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	sub, publisher := join(t, newBus(t, s.URL(), nil, nil)), newBus(t, s.URL(), nil, nil)
	wantDelivery(t, publisher, sub, "before")
	s.Kill(t)
	began := time.Now()
	if err := publisher.Publish(within(t, patience), []byte("too early")); err == nil || time.Since(began) > time.Second {
		t.Errorf("publishing to a dead server: %v after %v", err, time.Since(began))
	}
	if err := publisher.Subscribe(within(t, patience), &subscription{}); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("subscribing to a dead server: %v", err)
	}
	s.Restart(t)
	sub.wantJoins(t, false, false)
	wantDelivery(t, publisher, sub, "after")
	if sub.has("too early") {
		t.Error("a message that was refused arrived later")
	}
}

// A server that kept its data over a restart may still have lost the newest.
func TestRestartedServer_IsReportedEvenIfItKeptTheStream(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{Config: []string{"--appendonly", "yes", "--appendfsync", "always"}})
	sub, publisher := join(t, newBus(t, s.URL(), nil, nil)), newBus(t, s.URL(), nil, nil)
	wantDelivery(t, publisher, sub, "before")
	s.Kill(t)
	s.Restart(t)
	redistest.Eventually(t, patience, "the report", func() bool { return len(sub.joined()) > 1 || sub.ended() })
	if sub.ended() { // it came while the server was loading
		sub = rejoin(t, publisher)
	}
	if slices.Contains(sub.joined(), true) {
		t.Errorf("joined %v, want no claim that nothing was lost", sub.joined())
	}
	wantDelivery(t, publisher, sub, "after")
	if n := s.Client().XLen(t.Context(), stream).Val(); n < 2 {
		t.Errorf("the stream has %d entries, want those from before the restart", n)
	}
}

func TestDeletedStream_IsReported(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(s *redistest.Server) error{
		"deleted":   func(s *redistest.Server) error { return s.Client().Del(context.Background(), stream).Err() },
		"flushed":   func(s *redistest.Server) error { return s.Client().FlushAll(context.Background()).Err() },
		"trimmed":   func(s *redistest.Server) error { return s.Client().XTrimMaxLen(context.Background(), stream, 0).Err() },
		"back 1 ms": backInTime,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.Start(t, nil)
			sub, publisher := join(t, newBus(t, s.URL(), nil, nil)), newBus(t, s.URL(), nil, nil)
			wantDelivery(t, publisher, sub, "before")
			if err := remove(s); err != nil {
				t.Fatal(err)
			}
			sub.wantJoins(t, false, false)
			wantDelivery(t, publisher, sub, "after")
			sub.wantJoins(t, false, false)
		})
	}
}

// backInTime replaces the stream by one that ends earlier, as a replica may have
// it that takes over.
func backInTime(s *redistest.Server) error {
	ctx := context.Background()
	if err := s.Client().Del(ctx, stream).Err(); err != nil {
		return err
	}
	return s.Client().XAdd(ctx, &redis.XAddArgs{Stream: stream, ID: "1-1", Values: []string{"m", "old"}}).Err()
}

func TestStoppedServer_IsNoticedAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	short := &redisstream.Options{Repair: 100 * time.Millisecond}
	sub, stays := join(t, newBus(t, s.URL(), nil, short)), join(t, newBus(t, s.URL(), nil, nil))
	s.Stop(t)
	began := time.Now()
	if err := sub.wantEnd(t); err == nil {
		t.Error("no error")
	}
	// The first half second beyond is one attempt to connect.
	took := time.Since(began)
	t.Logf("noticed, and given up, after %v", took)
	if took > stallLimit+time.Second {
		t.Errorf("noticed after %v, want at most %v and an attempt to connect", took, stallLimit)
	}
	s.Resume(t)
	stays.wantJoins(t, false, true)
	publisher := newBus(t, s.URL(), nil, nil)
	wantDelivery(t, publisher, stays, "after")
}

func TestHangingNetwork_IsNoticedAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	faults := redistest.NewFaults(t, s.Addr())
	sub, publisher := join(t, newBus(t, s.URL(), faults, nil)), newBus(t, s.URL(), nil, nil)
	want := publish(t, publisher, 10)
	before := faults.Accepted()
	faults.Hang()
	began := time.Now()
	want = append(want, publish(t, publisher, 100)...)
	redistest.Eventually(t, patience, "another attempt to connect", func() bool { return faults.Accepted() > before })
	t.Logf("noticed after %v", time.Since(began))
	if took := time.Since(began); took > stallLimit {
		t.Errorf("noticed after %v, want at most %v", took, stallLimit)
	}
	faults.Restore()
	sub.wantJoins(t, false, true)
	wantMessages(t, sub, want)
}

func TestStoppedServer_DoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	sub := join(t, newBus(t, s.URL(), nil, nil))
	s.Stop(t)
	start := time.Now()
	sub.stop()
	if took := time.Since(start); took > 500*time.Millisecond || !errors.Is(sub.err, context.Canceled) {
		t.Errorf("returned %v after %v", sub.err, took)
	}
	s.Resume(t)
}

func TestOutage_EndsTheSubscriptionAfterAWhile(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	sub := join(t, newBus(t, s.URL(), nil, &redisstream.Options{Repair: time.Second}))
	s.Kill(t)
	began := time.Now()
	if err := sub.wantEnd(t); err == nil || time.Since(began) < 900*time.Millisecond {
		t.Errorf("returned %v after %v, want an error after a second", err, time.Since(began))
	}
}

func TestSlowSubscriber_IsToldWhatWasTrimmed(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	opts := &redisstream.Options{MaxLen: 200}
	bus, publisher := newBus(t, s.URL(), nil, opts), newBus(t, s.URL(), nil, opts)
	sub := start(t, bus, &subscription{block: make(chan struct{})})
	sub.wantJoins(t, false)
	publish(t, publisher, 1000)
	close(sub.block)
	sub.wantJoins(t, false, false)
	wantDelivery(t, publisher, sub, "after")
}

func TestSlowSubscriber_ThatIsNotTooSlowLosesNothing(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	bus, publisher := newBus(t, s.URL(), nil, nil), newBus(t, s.URL(), nil, nil)
	sub := start(t, bus, &subscription{block: make(chan struct{})})
	sub.wantJoins(t, false)
	want := publish(t, publisher, 3000)
	close(sub.block)
	wantMessages(t, sub, want)
	sub.wantJoins(t, false)
}

func TestEnd_LeavesNothingBehind(t *testing.T) {
	s := redistest.Start(t, nil)
	bus := newBus(t, s.URL(), nil, nil)
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
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("returned after %v", took)
		}
	}
	redistest.Eventually(t, patience, "the connections to end", func() bool { return connections() == open })
	redistest.Eventually(t, patience, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestCluster_FollowsAPromotedReplica(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	bus, err := redisstream.New(connect(t, c.URL(), nil, nil), stream, nil)
	if err != nil {
		t.Fatal(err)
	}
	sub := join(t, bus)
	wantDelivery(t, bus, sub, "before")
	owner := c.Owner(t, stream)
	replica := c.AddReplica(t, owner)
	owner.Kill(t)
	redistest.Eventually(t, 30*time.Second, "the replica to be promoted", func() bool {
		return replica.Info(t, "replication", "role") == "master"
	})
	sub.wantJoins(t, false, false)
	wantDelivery(t, bus, sub, "after")
}

func TestForeignKey_EndsTheSubscription(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	if err := s.Client().Set(t.Context(), stream, "not a stream", 0).Err(); err != nil {
		t.Fatal(err)
	}
	bus := newBus(t, s.URL(), nil, nil)
	for op, err := range map[string]error{
		"publish": bus.Publish(t.Context(), nil), "subscribe": bus.Subscribe(within(t, patience), &subscription{}),
	} {
		if reply, ok := errors.AsType[redis.Error](err); !ok || !redis.HasErrorPrefix(reply, "WRONGTYPE") {
			t.Errorf("%s: %v, want WRONGTYPE", op, err)
		}
	}
}

func TestACL_LeastPrivilegeIsEnough(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{
		Password: "root",
		Users:    []string{"app on >secret ~ch +xadd +xread +xrange +xrevrange +info +ping"},
	})
	client := connect(t, "redis://app:secret@"+s.Addr(), nil, &redisdist.OpenOptions{})
	bus, err := redisstream.New(client, stream, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantDelivery(t, bus, join(t, bus), "hello")
	if err := bus.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
}
