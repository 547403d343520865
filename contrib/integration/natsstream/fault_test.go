// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsstream_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

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

func TestStream_ThatWasReplacedIsReported(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, js jetstream.JetStream){
		"deleted": func(t *testing.T, js jetstream.JetStream) {
			if err := js.DeleteStream(t.Context(), "cache_sync"); err != nil {
				t.Error(err)
			}
		},
		"purged": func(t *testing.T, js jetstream.JetStream) {
			stream, err := js.Stream(t.Context(), "cache_sync")
			if err == nil {
				err = newBus(t, js.Conn(), nil).Publish(t.Context(), []byte("purged"))
			}
			if err == nil {
				err = stream.Purge(t.Context())
			}
			if err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := natstest.Start(t, nil)
			bus, proxy := behind(t, s, nil)
			sub := join(t, bus)
			conn := s.Connect(t, connOptions()...)
			publisher := newBus(t, conn, nil)
			wantDelivery(t, publisher, sub, "before")
			proxy.Refuse()
			proxy.Cut()
			change(t, jetStream(t, conn))
			proxy.Restore()
			sub.wantJoins(t, false, false)
			wantDelivery(t, publisher, sub, "after")
		})
	}
}

func TestStream_DeletedUnderAReaderIsReported(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	conn := s.Connect(t, connOptions()...)
	bus := newBus(t, conn, nil)
	sub := join(t, bus)
	wantDelivery(t, bus, sub, "before")
	if err := jetStream(t, conn).DeleteStream(t.Context(), "cache_sync"); err != nil {
		t.Fatal(err)
	}
	sub.wantJoins(t, false, false)
	wantDelivery(t, bus, sub, "after")
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

func TestSlowSubscriber_IsToldOfTheLoss(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	opts := &natsstream.Options{MaxMessages: 200}
	release := make(chan struct{})
	slow := start(t, newBus(t, s.Connect(t, connOptions()...), opts), &subscription{hold: func() { <-release }})
	slow.wantJoins(t, false)
	quick := join(t, newBus(t, s.Connect(t, connOptions()...), opts))
	publisher := newBus(t, s.Connect(t, connOptions()...), opts)
	want := publish(t, publisher, 1000)
	wantMessages(t, quick, want)
	close(release)
	wantDelivery(t, publisher, slow, "after")
	slow.wantJoins(t, false, false)
	quick.wantJoins(t, false)
}

func TestSlowSubscriber_ThatIsNotTooSlowLosesNothing(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	release := make(chan struct{})
	slow := start(t, newBus(t, s.Connect(t, connOptions()...), nil), &subscription{hold: func() { <-release }})
	slow.wantJoins(t, false)
	publisher := newBus(t, s.Connect(t, connOptions()...), nil)
	want := publish(t, publisher, 3000)
	waited := time.After(4 * time.Second) // longer than any silence of the server may last
	<-waited
	close(release)
	wantMessages(t, slow, want)
	slow.wantJoins(t, false)
}

// A message may look like an answer of the server.
func TestForeignMessages_AreDelivered(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	conn := s.Connect(t, connOptions()...)
	bus := newBus(t, conn, nil)
	sub := join(t, bus)
	for _, status := range []string{"100", "404", "409", "503"} {
		msg := &nats.Msg{Subject: subject, Header: nats.Header{"Status": {status}, "Description": {"Consumer Deleted"}}}
		if err := conn.PublishMsg(msg); err != nil {
			t.Fatal(err)
		}
	}
	wantDelivery(t, bus, sub, "after")
	if got := sub.got(); !slices.Equal(got, []string{"", "", "", "", "after"}) {
		t.Errorf("messages %q", got)
	}
	sub.wantJoins(t, false)
}

func TestStream_ThatIsUnsuitableIsRefused(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	conn := s.Connect(t, connOptions()...)
	js := jetStream(t, conn)
	for name, config := range map[string]jetstream.StreamConfig{
		"more subjects": {Subjects: []string{subject, "other"}},
		"other subject": {Subjects: []string{"other"}},
		"refuses":       {Subjects: []string{subject}, Discard: jetstream.DiscardNew, MaxMsgs: 10},
		"a queue":       {Subjects: []string{subject}, Retention: jetstream.WorkQueuePolicy},
	} {
		config.Name, config.Storage = "cache_sync", jetstream.MemoryStorage
		if _, err := js.CreateStream(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		err := newBus(t, conn, nil).Subscribe(within(t, patience), &subscription{})
		if !errors.Is(err, natsstream.ErrStream) {
			t.Errorf("%s: Subscribe: %v, want %v", name, err, natsstream.ErrStream)
		}
		if err := js.DeleteStream(t.Context(), config.Name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "another", Subjects: []string{subject}}); err != nil {
		t.Fatal(err)
	}
	if err := newBus(t, conn, nil).Publish(within(t, patience), nil); !errors.Is(err, natsstream.ErrStream) {
		t.Errorf("Publish: %v, want %v", err, natsstream.ErrStream)
	}
}

func TestStream_ThatExistsIsUsedAsItIs(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	conn := s.Connect(t, connOptions()...)
	first := newBus(t, conn, &natsstream.Options{MaxMessages: 50, Files: true})
	join(t, first)
	second := newBus(t, conn, nil)
	wantDelivery(t, first, join(t, second), "m")
	stream, err := jetStream(t, conn).Stream(t.Context(), "cache_sync")
	if err != nil || stream.CachedInfo().Config.MaxMsgs != 50 {
		t.Errorf("the stream keeps %d messages, %v; want 50", stream.CachedInfo().Config.MaxMsgs, err)
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

func TestSubscribe_LeavesNothingBehind(t *testing.T) {
	s := natstest.Start(t, nil)
	conn := s.Connect(t, connOptions()...)
	bus := newBus(t, conn, nil)
	wantDelivery(t, bus, join(t, bus), "first")
	before, subs := runtime.NumGoroutine(), conn.NumSubscriptions()
	for range 20 {
		sub := join(t, bus)
		wantDelivery(t, bus, sub, "m")
		began := time.Now()
		sub.stop()
		if took := time.Since(began); sub.err != context.Canceled || took > 500*time.Millisecond {
			t.Errorf("Subscribe: %v after %v, want %v", sub.err, took, context.Canceled)
		}
	}
	natstest.WaitFor(t, patience, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
	if n := conn.NumSubscriptions(); n != subs {
		t.Errorf("%d subscriptions are left", n-subs)
	}
	stream, err := jetStream(t, conn).Stream(t.Context(), "cache_sync")
	if err != nil || stream.CachedInfo().State.Consumers != 1 {
		t.Errorf("%d consumers are left, %v; want the first", stream.CachedInfo().State.Consumers, err)
	}
}
