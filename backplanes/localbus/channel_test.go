// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localbus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
)

// script is a subscriber that writes down every call. Read it only when the
// subscription is idle or over, after synctest.Wait.
type script struct {
	calls []string
	hold  chan struct{} // if set, Message waits until it is closed
}

func (s *script) Joined(gapless bool) { s.calls = append(s.calls, fmt.Sprintf("joined(%v)", gapless)) }

func (s *script) Message(msg []byte) {
	s.calls = append(s.calls, string(msg))
	if s.hold != nil {
		<-s.hold
	}
}

// subscribe runs a subscription; end stops it and returns what Subscribe did.
func subscribe(t *testing.T, c *localbus.Channel, s core.Subscriber) (end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- c.Subscribe(ctx, s) }()
	synctest.Wait()
	return func() error {
		cancel()
		return <-result
	}
}

func publish(t *testing.T, c *localbus.Channel, messages ...string) {
	t.Helper()
	for _, msg := range messages {
		if err := c.Publish(t.Context(), []byte(msg)); err != nil {
			t.Fatal(err)
		}
	}
}

func wantCalls(t *testing.T, s *script, want ...string) {
	t.Helper()
	synctest.Wait()
	if !slices.Equal(s.calls, want) {
		t.Errorf("calls: got %q, want %q", s.calls, want)
	}
}

func TestNewBus_NamesEveryWrongOption(t *testing.T) {
	_, err := localbus.NewBus(&localbus.Options{Queue: -1, MaxMessage: -1})
	for _, want := range []string{"localbus.Options.Queue", "localbus.Options.MaxMessage"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
}

func TestSubscribe_KeepsTheOrderOfOnePublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := newBus(t, nil)
		s := &script{}
		end := subscribe(t, bus.Channel("c"), s)
		publish(t, bus.Channel("c"), "1", "2", "3")
		wantCalls(t, s, "joined(false)", "1", "2", "3")
		if err := end(); !errors.Is(err, context.Canceled) {
			t.Errorf("Subscribe: %v", err)
		}
	})
}

func TestSubscribe_OverflowIsToldOnceTheQueueIsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := newBus(t, &localbus.Options{Queue: 2})
		s := &script{hold: make(chan struct{})}
		end := subscribe(t, bus.Channel("c"), s)
		node := bus.Channel("c")
		publish(t, node, "held")
		synctest.Wait()
		publish(t, node, "1", "2", "dropped", "dropped too")
		close(s.hold)
		wantCalls(t, s, "joined(false)", "held", "1", "2", "joined(false)")
		publish(t, node, "after")
		wantCalls(t, s, "joined(false)", "held", "1", "2", "joined(false)", "after")
		_ = end()
	})
}

func TestDisconnect_OneNodeMissesMessagesAndIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := newBus(t, nil)
		node, other := bus.Channel("c"), bus.Channel("c")
		s, witness := &script{}, &script{}
		end, endWitness := subscribe(t, node, s), subscribe(t, other, witness)
		node.Disconnect()
		node.Disconnect()
		publish(t, other, "missed")
		if err := node.Publish(t.Context(), []byte("x")); !errors.Is(err, localbus.ErrDisconnected) {
			t.Errorf("Publish: %v, want ErrDisconnected", err)
		}
		if err := node.Subscribe(t.Context(), &script{}); !errors.Is(err, localbus.ErrDisconnected) {
			t.Errorf("Subscribe: %v, want ErrDisconnected", err)
		}
		if err := node.Ping(t.Context()); !errors.Is(err, localbus.ErrDisconnected) {
			t.Errorf("Ping: %v, want ErrDisconnected", err)
		}
		node.Reconnect()
		wantCalls(t, s, "joined(false)", "joined(false)")
		publish(t, other, "after")
		wantCalls(t, s, "joined(false)", "joined(false)", "after")
		wantCalls(t, witness, "joined(false)", "missed", "after")
		_, _ = end(), endWitness()
	})
}

func TestClose_EndsSubscriptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := newBus(t, nil)
		node := bus.Channel("c")
		result := make(chan error, 1)
		go func() { result <- node.Subscribe(t.Context(), &script{}) }()
		synctest.Wait()
		if err := errors.Join(bus.Close(), bus.Close()); err != nil {
			t.Error(err)
		}
		if err := <-result; !errors.Is(err, localbus.ErrClosed) {
			t.Errorf("Subscribe: %v, want ErrClosed", err)
		}
		if err := node.Publish(t.Context(), nil); !errors.Is(err, localbus.ErrClosed) {
			t.Errorf("Publish: %v, want ErrClosed", err)
		}
	})
}

func TestSeed_ER1_ATooLargeMessageIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := newBus(t, &localbus.Options{MaxMessage: 3})
		s := &script{}
		end := subscribe(t, bus.Channel("c"), s)
		if err := bus.Channel("c").Publish(t.Context(), []byte("four")); !errors.Is(err, localbus.ErrTooLarge) {
			t.Errorf("Publish: %v, want ErrTooLarge", err)
		}
		publish(t, bus.Channel("c"), "abc")
		wantCalls(t, s, "joined(false)", "abc")
		_ = end()
	})
}

func TestMessage_OfOneSubscriberIsNotThatOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := newBus(t, nil)
		got := make(scribbler, 2)
		for range 2 {
			defer subscribe(t, bus.Channel("c"), got)()
		}
		publish(t, bus.Channel("c"), "clean")
		for range 2 {
			if msg := <-got; msg != "clean" {
				t.Errorf("got %q, want %q", msg, "clean")
			}
		}
	})
}

// scribbler reports each message and then overwrites it.
type scribbler chan string

func (scribbler) Joined(bool) {}

func (c scribbler) Message(msg []byte) {
	c <- string(msg)
	clear(msg)
}
