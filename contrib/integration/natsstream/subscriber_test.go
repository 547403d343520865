// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsstream_test

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fusioncache-go/fusioncache/backplanes/natsstream"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
)

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
