// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsstream_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fusioncache-go/fusioncache/backplanes/natsstream"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/core"
)

// stallLimit is how soon a stalled peer must be noticed.
const stallLimit = 2500 * time.Millisecond

// publish publishes n messages and returns them.
func publish(t *testing.T, bus core.Backplane, n int) []string {
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
	natstest.WaitFor(t, patience, "the last message", func() bool { return slices.Contains(s.got(), want[len(want)-1]) })
	if got := s.got(); !slices.Equal(got, want) {
		t.Errorf("%d messages, want %d in the order in which they were sent", len(got), len(want))
	}
}

// behind returns a backplane whose connection goes through a proxy of its own.
func behind(t *testing.T, s *natstest.Server, opts *natsstream.Options) (*natsstream.Backplane, *netfault.Proxy) {
	t.Helper()
	proxy := newProxy(t, s)
	return newBus(t, natstest.Connect(t, s.URLTo(proxy.Addr()), connOptions()...), opts), proxy
}

func TestCut_LosesNothing(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	bus, proxy := behind(t, s, nil)
	sub, publisher := join(t, bus), newBus(t, s.Connect(t, connOptions()...), nil)
	want := publish(t, publisher, 10)
	proxy.Refuse()
	proxy.Cut()
	healed := time.After(5 * time.Second)
	want = append(want, publish(t, publisher, 1000)...)
	<-healed
	proxy.Restore()
	restored := time.Now()
	sub.wantJoins(t, false, true)
	wantMessages(t, sub, want)
	t.Logf("caught up %v after the network came back", time.Since(restored))
}

func TestCut_BeyondTheStreamIsReported(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	opts := &natsstream.Options{MaxMessages: 200}
	bus, proxy := behind(t, s, opts)
	sub, publisher := join(t, bus), newBus(t, s.Connect(t, connOptions()...), opts)
	wantDelivery(t, publisher, sub, "before")
	proxy.Refuse()
	proxy.Cut()
	publish(t, publisher, 1000)
	proxy.Restore()
	sub.wantJoins(t, false, false)
	wantDelivery(t, publisher, sub, "after")
}

func TestReconnect_LosesNothing(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	proxy := newProxy(t, s)
	conn := natstest.Connect(t, s.URLTo(proxy.Addr()), connOptions()...)
	sub, publisher := join(t, newBus(t, conn, nil)), newBus(t, s.Connect(t, connOptions()...), nil)
	joins, want := []bool{false}, []string(nil)
	for i := range 20 {
		want = append(want, fmt.Sprint("before ", i), fmt.Sprint("after ", i))
		wantDelivery(t, publisher, sub, want[2*i])
		if i%2 == 0 {
			proxy.Cut()
		} else if err := conn.ForceReconnect(); err != nil {
			t.Fatal(err)
		}
		joins = append(joins, true)
		wantDelivery(t, publisher, sub, want[2*i+1])
		sub.wantJoins(t, joins...)
	}
	wantMessages(t, sub, want)
}

func TestRestart_OfAStreamInMemoryIsReported(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	sub, publisher := join(t, newBus(t, s.Connect(t, connOptions()...), nil)), newBus(t, s.Connect(t, connOptions()...), nil)
	wantDelivery(t, publisher, sub, "before")
	s.Shutdown()
	natstest.WaitFor(t, patience, "Publish to fail", func() bool {
		return errors.Is(publisher.Publish(within(t, patience), []byte("lost")), nats.ErrDisconnected)
	})
	start := time.Now()
	for op, err := range map[string]error{
		"Publish": publisher.Publish(within(t, patience), []byte("refused")), "Ping": publisher.Ping(within(t, patience)),
		"Subscribe": publisher.Subscribe(within(t, patience), &subscription{}),
	} {
		if !errors.Is(err, nats.ErrDisconnected) {
			t.Errorf("%s: %v, want %v", op, err, nats.ErrDisconnected)
		}
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("three operations took %v to fail", took)
	}
	s.Restart()
	restarted := time.Now()
	sub.wantJoins(t, false, false)
	t.Logf("joined %v after the restart", time.Since(restarted))
	wantDelivery(t, publisher, sub, "after")
	if slices.Contains(sub.got(), "refused") {
		t.Error("a refused message has arrived")
	}
}

func TestRestart_OfAStreamInFilesLosesNothing(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	opts := &natsstream.Options{Files: true}
	sub := join(t, newBus(t, s.Connect(t, connOptions()...), opts))
	publisher := newBus(t, s.Connect(t, connOptions()...), opts)
	want := publish(t, publisher, 100)
	s.Restart()
	natstest.WaitFor(t, patience, "publishing", func() bool {
		err := publisher.Publish(within(t, time.Second), []byte("after"))
		return err == nil
	})
	wantMessages(t, sub, append(want, "after"))
	for _, gapless := range sub.joined()[1:] {
		if !gapless {
			t.Errorf("joined %v, want all but the first without a gap", sub.joined())
		}
	}
}

// The defaults of the client notice a silent server after minutes.
func TestStall_IsNoticedWithTheDefaultsOfTheClient(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	proxy := newProxy(t, s)
	conn := natstest.Connect(t, s.URLTo(proxy.Addr()))
	short, long := newBus(t, conn, &natsstream.Options{Repair: time.Millisecond}), newBus(t, conn, nil)
	sub, stays := join(t, short), join(t, long)
	start := time.Now()
	proxy.Hang()
	if err := sub.wantEnd(t); !errors.Is(err, natsstream.ErrStalled) {
		t.Errorf("Subscribe: %v, want %v", err, natsstream.ErrStalled)
	}
	// One attempt to join again takes 2 s.
	took := time.Since(start)
	t.Logf("noticed, and given up, after %v", took)
	if took > stallLimit+2500*time.Millisecond {
		t.Errorf("given up after %v", took)
	}
	want := publish(t, newBus(t, s.Connect(t), nil), 100)
	proxy.Restore()
	natstest.WaitFor(t, patience, "the repair", func() bool { return len(stays.joined()) > 1 })
	wantMessages(t, stays, want)
	if slices.Contains(stays.joined()[1:], false) {
		t.Errorf("joined %v, want no gap", stays.joined())
	}
}

func TestClose_EndsSubscriptions(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	conn := s.Connect(t)
	sub := join(t, newBus(t, conn, nil))
	conn.Close()
	if err := sub.wantEnd(t); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("Subscribe: %v, want %v", err, nats.ErrConnectionClosed)
	}
}

func TestOutage_EndsSubscriptionsAfterAWhile(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	sub := join(t, newBus(t, s.Connect(t, connOptions()...), &natsstream.Options{Repair: time.Second}))
	s.Shutdown()
	began := time.Now()
	if err := sub.wantEnd(t); !errors.Is(err, nats.ErrDisconnected) || time.Since(began) < 900*time.Millisecond {
		t.Errorf("Subscribe: %v after %v, want %v after a second", err, time.Since(began), nats.ErrDisconnected)
	}
}

func TestCluster_SubscriptionsSurviveALeader(t *testing.T) {
	t.Parallel()
	c := natstest.StartCluster(t, nil)
	opts := &natsstream.Options{Replicas: 3}
	conn := natstest.Connect(t, c.URL(), connOptions()...)
	bus := newBus(t, conn, opts)
	sub := start(t, bus, &subscription{})
	natstest.WaitFor(t, patience, "the cluster to work", func() bool {
		if sub.ended() {
			sub = start(t, bus, &subscription{})
		}
		return len(sub.joined()) > 0
	})
	want := publish(t, bus, 100)
	stream, err := jetStream(t, conn).Stream(within(t, patience), "cache_sync")
	if err != nil {
		t.Fatal(err)
	}
	leader := stream.CachedInfo().Cluster.Leader
	for _, server := range c.Servers {
		if server.Running().Name() == leader {
			server.Shutdown()
		}
	}
	natstest.WaitFor(t, patience, "publishing", func() bool {
		return bus.Publish(within(t, time.Second), []byte("after")) == nil
	})
	natstest.WaitFor(t, patience, "the message", func() bool { return slices.Contains(sub.got(), "after") })
	if got := sub.got(); !slices.Equal(got[:100], want) {
		t.Error("messages from before the loss are missing")
	}
	if sub.ended() || slices.Contains(sub.joined()[1:], false) {
		t.Errorf("ended %v (%v), joined %v; want no gap", sub.ended(), sub.err, sub.joined())
	}
}
