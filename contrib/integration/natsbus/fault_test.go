// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsbus_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
)

func TestReconnect_EachOneIsReported(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	proxy := newProxy(t, s)
	handled := make(chan struct{}, 100)
	options := append(connOptions(), nats.ReconnectHandler(func(*nats.Conn) { handled <- struct{}{} }))
	conn := natstest.Connect(t, s.URLTo(proxy.Addr()), options...)
	bus := newBus(t, conn, nil)
	other := newBus(t, s.Connect(t, connOptions()...), nil)
	sub := join(t, bus)
	const cuts = 20
	for i := range cuts {
		if i%2 == 0 {
			proxy.Cut()
		} else if err := conn.ForceReconnect(); err != nil {
			t.Fatal(err)
		}
		sub.wantJoins(t, i+2)
		wantDelivery(t, other, sub, fmt.Sprint("after ", i))
	}
	if sub.gapless != 0 {
		t.Errorf("%d joins claim that nothing was lost", sub.gapless)
	}
	if n := len(handled); n != cuts {
		t.Errorf("the handler of the connection saw %d reconnections, want %d", n, cuts)
	}
}

func TestRestart_IsReportedAndDeliveryGoesOn(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	a, b := newBus(t, s.Connect(t, connOptions()...), nil), newBus(t, s.Connect(t, connOptions()...), nil)
	subA, subB := join(t, a), join(t, b)
	for i := range 3 {
		s.Shutdown()
		natstest.WaitFor(t, patience, "Publish to fail", func() bool {
			return errors.Is(a.Publish(within(t, patience), []byte("lost")), nats.ErrDisconnected)
		})
		start := time.Now()
		for op, err := range map[string]error{
			"Publish": a.Publish(within(t, patience), []byte("refused")), "Ping": a.Ping(within(t, patience)),
			"Subscribe": a.Subscribe(within(t, patience), &subscription{}),
		} {
			if !errors.Is(err, nats.ErrDisconnected) {
				t.Errorf("%s: %v, want %v", op, err, nats.ErrDisconnected)
			}
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("three operations took %v to fail", took)
		}
		s.Restart()
		subA.wantJoins(t, i+2)
		subB.wantJoins(t, i+2)
		wantDelivery(t, a, subB, fmt.Sprint("a", i))
		wantDelivery(t, b, subA, fmt.Sprint("b", i))
	}
	if slices.Contains(subB.got(), "refused") {
		t.Error("a refused message has arrived")
	}
}

// The defaults of the client notice a silent server after minutes.
func TestStall_IsNoticedWithTheDefaultsOfTheClient(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	proxy := newProxy(t, s)
	bus := newBus(t, natstest.Connect(t, s.URLTo(proxy.Addr())), nil)
	sub := join(t, bus)
	start := time.Now()
	proxy.Hang()
	if err := sub.wantEnd(t); !errors.Is(err, natsbus.ErrStalled) {
		t.Errorf("Subscribe: %v, want %v", err, natsbus.ErrStalled)
	}
	took := time.Since(start)
	t.Logf("noticed after %v", took)
	if took > 5*time.Second {
		t.Errorf("noticed after %v, want 2.5s", took)
	}
	if err := bus.Ping(within(t, 100*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Ping: %v, want %v", err, context.DeadlineExceeded)
	}
	proxy.Restore()
	wantDelivery(t, bus, join(t, bus), "again")
}

// With the recommended options the connection is replaced before long.
func TestStall_HealsWhenTheServerDoesNotComeBack(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	proxy := newProxy(t, s)
	url := s.URLTo(proxy.Addr()) + "," + s.URL()
	bus := newBus(t, natstest.Connect(t, url, append(connOptions(), nats.DontRandomize())...), nil)
	join(t, bus)
	start := time.Now()
	proxy.Hang()
	var sub *subscription
	natstest.WaitFor(t, patience, "a new subscription", func() bool {
		if err := bus.Publish(within(t, patience), []byte("probe")); err != nil {
			return false
		}
		sub = again(t, bus, sub)
		return sub.joined() > 0
	})
	took := time.Since(start)
	t.Logf("joined by the other way after %v", took)
	wantDelivery(t, bus, sub, "again")
}

// again returns a new subscription once the former one has ended.
func again(tb testing.TB, bus *natsbus.Backplane, former *subscription) *subscription {
	if former == nil {
		return start(tb, bus, &subscription{})
	}
	select {
	case <-former.done:
		return start(tb, bus, &subscription{})
	default:
		return former
	}
}

func TestSlowSubscriber_IsToldOfTheLoss(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	for name, opts := range map[string]*natsbus.Options{
		"by number": {PendingMessages: 100},
		"by size":   {PendingBytes: 100 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			slow := start(t, newBus(t, s.Connect(t, connOptions()...), opts), &subscription{hold: func() { <-release }})
			slow.wantJoins(t, 1)
			quick := join(t, newBus(t, s.Connect(t, connOptions()...), nil))
			from := newBus(t, s.Connect(t, connOptions()...), nil)
			const sent = 1000
			for i := range sent {
				msg := fmt.Sprintf("%s%04d", strings.Repeat("x", 1024), i)
				if err := from.Publish(within(t, patience), []byte(msg)); err != nil {
					t.Fatal(err)
				}
			}
			natstest.WaitFor(t, patience, "the quick subscriber", func() bool { return len(quick.got()) == sent })
			close(release)
			natstest.WaitFor(t, patience, "the slow subscriber to be told", func() bool { return slow.joined() >= 2 })
			wantDelivery(t, from, slow, "after")
			if n := len(slow.got()); n > sent {
				t.Errorf("all messages were kept, the queue holds about 100 of %d", sent)
			}
			if quick.joined() != 1 {
				t.Errorf("the quick subscriber joined %d times", quick.joined())
			}
		})
	}
}

func TestSubscribe_WithoutPermission(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, &natstest.Options{Configure: func(o *server.Options) {
		o.Users = []*server.User{{Username: "u", Password: "p", Permissions: &server.Permissions{
			Subscribe: &server.SubjectPermission{Deny: []string{subject}},
		}}}
	}})
	bus := newBus(t, natstest.Connect(t, "nats://u:p@"+s.Addr(), connOptions()...), nil)
	for range 2 {
		sub := start(t, bus, &subscription{})
		if err := sub.wantEnd(t); !errors.Is(err, nats.ErrPermissionViolation) || sub.joined() != 0 {
			t.Errorf("Subscribe: %v after %d joins, want %v", err, sub.joined(), nats.ErrPermissionViolation)
		}
	}
}

func TestClose_EndsSubscriptions(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	conn := s.Connect(t)
	bus := newBus(t, conn, nil)
	sub := join(t, bus)
	conn.Close()
	if err := sub.wantEnd(t); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("Subscribe: %v, want %v", err, nats.ErrConnectionClosed)
	}
}

// By default the client gives up for good after some attempts.
func TestGiveUp_EndsSubscriptions(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	sub := join(t, newBus(t, s.Connect(t, append(connOptions(), nats.MaxReconnects(2))...), nil))
	s.Shutdown()
	if err := sub.wantEnd(t); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("Subscribe: %v, want %v", err, nats.ErrConnectionClosed)
	}
}

func TestCluster_SubscriptionsSurviveTheirServer(t *testing.T) {
	t.Parallel()
	c := natstest.StartCluster(t, nil)
	servers := c.Servers
	node := func(i int) *natsbus.Backplane {
		url := servers[i].URL() + "," + c.URL()
		return newBus(t, natstest.Connect(t, url, append(connOptions(), nats.DontRandomize())...), nil)
	}
	a, b := node(0), node(1)
	subA, subB := join(t, a), join(t, b)
	retried(t, a, subB, "one way")
	retried(t, b, subA, "the other")
	servers[0].Shutdown()
	subA.wantJoins(t, 2)
	retried(t, b, subA, "after")
	retried(t, a, subB, "back")
	if subB.joined() != 1 {
		t.Errorf("the other node joined %d times", subB.joined())
	}
}

// retried publishes until the message arrives: another server of a cluster hears
// of a subscription a little later.
func retried(tb testing.TB, bus *natsbus.Backplane, sub *subscription, msg string) {
	tb.Helper()
	natstest.WaitFor(tb, patience, "the message "+msg, func() bool {
		_ = bus.Publish(within(tb, patience), []byte(msg))
		return slices.Contains(sub.got(), msg)
	})
}

func TestShared_ConnectionOfALayer(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	l, err := natsdist.Open(within(t, patience), s.URL(), "b", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	bus := newBus(t, l.Conn(), nil)
	sub := join(t, bus)
	if err := l.Set(within(t, patience), "k", bytes.Repeat([]byte("v"), 100_000), time.Minute); err != nil {
		t.Fatal(err)
	}
	wantDelivery(t, bus, sub, "k changed")
	if got := sub.got(); len(got) != 1 {
		t.Errorf("messages = %q", got)
	}
}

func TestSubscribe_LeavesNoGoroutine(t *testing.T) {
	s := natstest.Start(t, nil)
	conn := s.Connect(t, connOptions()...)
	bus := newBus(t, conn, nil)
	before, subs := runtime.NumGoroutine(), conn.NumSubscriptions()
	for range 20 {
		sub := join(t, bus)
		wantDelivery(t, bus, sub, "m")
		sub.stop()
		if sub.err != context.Canceled {
			t.Errorf("Subscribe: %v, want %v", sub.err, context.Canceled)
		}
	}
	natstest.WaitFor(t, patience, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
	if n := conn.NumSubscriptions(); n != subs {
		t.Errorf("%d subscriptions are left", n-subs)
	}
}
