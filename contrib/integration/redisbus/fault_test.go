// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisbus_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
)

// stallLimit is how soon a stalled peer must be noticed with default options.
const stallLimit = 3 * time.Second

func TestKilledConnections_AreReportedAsJoined(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	bus, publisher := newBus(t, s.URL(), nil), newBus(t, s.URL(), nil)
	sub := join(t, bus)
	for i := range 3 {
		before := sub.joined()
		killed, err := s.Client().ClientKillByFilter(t.Context(), "TYPE", "pubsub").Result()
		if err != nil || killed != 1 {
			t.Fatalf("killed %d connections, %v", killed, err)
		}
		// A second loss within the liveness period ends the subscription.
		redistest.Eventually(t, patience, "the loss to be reported", func() bool { return sub.joined() > before || sub.ended() })
		if i == 0 && sub.ended() {
			t.Errorf("the first loss was not repaired: %v", sub.err)
		}
		if sub.ended() {
			sub = rejoin(t, bus)
		}
		wantDelivery(t, publisher, sub, "after "+string(rune('a'+i)))
	}
}

func TestStoppedServer_IsNoticed(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	bus := newBus(t, s.URL(), nil)
	sub := join(t, bus)
	s.Stop(t)
	began := time.Now()
	if err := sub.wantEnd(t, patience); !errors.Is(err, redisbus.ErrStalled) {
		t.Errorf("returned %v, want ErrStalled", err)
	}
	t.Logf("noticed after %v", time.Since(began))
	if took := time.Since(began); took > stallLimit {
		t.Errorf("noticed after %v, want at most %v", took, stallLimit)
	}

	began = time.Now()
	again := start(t, bus, &subscription{})
	if err := again.wantEnd(t, patience); err == nil {
		t.Error("subscribing to a stopped server succeeds")
	}
	if took := time.Since(began); took > stallLimit {
		t.Errorf("gave up connecting after %v", took)
	}
	s.Resume(t)
	wantDelivery(t, bus, rejoin(t, bus), "after")
}

func TestStoppedServer_DoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	sub := join(t, newBus(t, s.URL(), nil))
	s.Stop(t)
	start := time.Now()
	sub.stop()
	if took := time.Since(start); took > 500*time.Millisecond || !errors.Is(sub.err, context.Canceled) {
		t.Errorf("returned %v after %v", sub.err, took)
	}
	s.Resume(t)
}

func TestHangingNetwork_IsNoticed(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	faults := redistest.NewFaults(t, s.Addr())
	bus := newBus(t, s.URL(), faults)
	sub := join(t, bus)
	faults.Hang()
	start := time.Now()
	if err := sub.wantEnd(t, patience); !errors.Is(err, redisbus.ErrStalled) || time.Since(start) > stallLimit {
		t.Errorf("returned %v after %v", err, time.Since(start))
	}
	publisher := newBus(t, s.URL(), nil)
	if err := publisher.Publish(t.Context(), []byte("lost")); err != nil {
		t.Fatal(err)
	}
	faults.Restore()
	again := rejoin(t, bus)
	wantDelivery(t, publisher, again, "after")
	if sub.has("lost") || again.has("lost") {
		t.Error("a message that was reported as lost arrived late")
	}
}

func TestKilledServer_EndsAndComesBack(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	bus := newBus(t, s.URL(), nil)
	sub := join(t, bus)
	s.Kill(t)
	if err := sub.wantEnd(t, stallLimit); err == nil || errors.Is(err, redisbus.ErrStalled) {
		t.Errorf("returned %v, want the broken connection", err)
	}
	for range 20 {
		start := time.Now()
		if err := bus.Publish(within(t, patience), []byte("too early")); err == nil {
			t.Error("publishing to a dead server succeeds")
		}
		if err := bus.Subscribe(within(t, patience), &subscription{}); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("subscribing to a dead server: %v", err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("failed after %v", took)
		}
	}
	s.Restart(t)
	again := rejoin(t, bus)
	redistest.Eventually(t, patience, "publishing to work again", func() bool {
		return bus.Publish(within(t, time.Second), []byte("after")) == nil
	})
	redistest.Eventually(t, patience, "the message", func() bool { return again.has("after") })
	if again.has("too early") {
		t.Error("a message that was refused arrived later")
	}
}

func TestEnd_LeavesNothingBehind(t *testing.T) {
	s := redistest.Start(t, nil)
	bus := newBus(t, s.URL(), nil)
	if err := bus.Publish(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	subs := make([]*subscription, 10)
	for i := range subs {
		subs[i] = join(t, bus)
	}
	wantSubscribers(t, s, int64(len(subs)))
	for _, sub := range subs {
		start := time.Now()
		sub.stop()
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("returned after %v", took)
		}
	}
	wantSubscribers(t, s, 0)
	redistest.Eventually(t, patience, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

func wantSubscribers(t *testing.T, s *redistest.Server, want int64) {
	t.Helper()
	redistest.Eventually(t, patience, "the number of subscribers", func() bool {
		n, err := s.Client().PubSubNumSub(t.Context(), "ch").Result()
		return err == nil && n["ch"] == want
	})
}

// Redis drops a subscriber that does not read. What it takes until then depends
// on the buffers of the sockets.
func TestSlowSubscriber_IsToldOfItsLoss(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{Config: []string{"--client-output-buffer-limit", "pubsub", "256kb", "64kb", "1"}})
	bus, publisher := newBus(t, s.URL(), nil), newBus(t, s.URL(), nil)
	sub := start(t, bus, &subscription{block: make(chan struct{})})
	sub.wantJoins(t, 1)
	large := []byte(strings.Repeat("x", redisbus.MaxMessageLen))
	redistest.Eventually(t, 30*time.Second, "Redis to drop the subscriber", func() bool {
		if err := publisher.Publish(t.Context(), large); err != nil {
			t.Fatal(err)
		}
		n, err := s.Client().PubSubNumSub(t.Context(), "ch").Result()
		return err == nil && n["ch"] == 0
	})
	close(sub.block)
	redistest.Eventually(t, patience, "the loss to be reported", func() bool { return sub.joined() > 1 || sub.ended() })
	if sub.ended() {
		sub = rejoin(t, bus)
	}
	wantDelivery(t, publisher, sub, "after")
}

func TestCluster_FollowsAPromotedReplica(t *testing.T) {
	for name, sharded := range map[string]bool{"plain": false, "sharded": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := redistest.StartCluster(t)
			bus, err := redisbus.New(connect(t, c.URL(), nil, nil), "ch", &redisbus.Options{Sharded: sharded})
			if err != nil {
				t.Fatal(err)
			}
			sub := join(t, bus)
			owner := c.Owner(t, "ch") // where go-redis subscribes
			replica := c.AddReplica(t, owner)
			owner.Kill(t)
			if err := sub.wantEnd(t, patience); err == nil {
				t.Error("ended without an error")
			}
			redistest.Eventually(t, 30*time.Second, "the replica to be promoted", func() bool {
				return replica.Info(t, "replication", "role") == "master"
			})
			again := rejoin(t, bus)
			redistest.Eventually(t, patience, "publishing to work again", func() bool {
				return bus.Publish(within(t, time.Second), []byte("after")) == nil
			})
			redistest.Eventually(t, patience, "the message", func() bool { return again.has("after") })
		})
	}
}
