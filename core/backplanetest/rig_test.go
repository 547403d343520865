// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/backplanetest"
)

// fake is a node whose every method can be replaced by a broken one.
type fake struct {
	*localbus.Channel // for Disconnect and Reconnect only
	publish           func(ctx context.Context, msg []byte) error
	subscribe         func(ctx context.Context, s core.Subscriber) error
	ping              func(ctx context.Context) error
}

func (f *fake) Publish(ctx context.Context, msg []byte) error { return f.publish(ctx, msg) }

func (f *fake) Subscribe(ctx context.Context, s core.Subscriber) error { return f.subscribe(ctx, s) }

func (f *fake) Ping(ctx context.Context) error { return f.ping(ctx) }

func newFake(c *localbus.Channel) *fake {
	return &fake{Channel: c, publish: c.Publish, subscribe: c.Subscribe, ping: c.Ping}
}

// tap is a subscriber whose methods can be replaced.
type tap struct {
	joined  func(gapless bool)
	message func(msg []byte)
}

func (t *tap) Joined(gapless bool) { t.joined(gapless) }
func (t *tap) Message(msg []byte)  { t.message(msg) }

// tapped makes a mutant of what subscribers are told.
func tapped(change func(r *rig, s core.Subscriber, t *tap)) func(r *rig) {
	return func(r *rig) {
		r.onNode = func(f *fake) {
			subscribe := f.subscribe
			f.subscribe = func(ctx context.Context, s core.Subscriber) error {
				t := &tap{s.Joined, s.Message}
				change(r, s, t)
				return subscribe(ctx, t)
			}
		}
	}
}

const (
	queue      = 64
	maxMessage = 32 << 10
)

// rig is a correct backplane behind an imaginary server, to which every law
// applies, and the places where a mutant can break it.
type rig struct {
	name             func() string          // of the next channel
	stall            func() (resume func()) // see stalled
	onNode, onClosed func(f *fake)
	wrap             func(b core.Backplane) core.Backplane
	change           func(h *backplanetest.Harness)

	bus   *localbus.Bus
	lost  chan struct{} // closed when the subscriptions notice a stall
	nodes []*fake
	names int
	state sync.Map       // of the mutant
	work  sync.WaitGroup // goroutines of the mutant, which end by themselves
}

func newRig() *rig {
	r := &rig{
		onNode: func(*fake) {}, onClosed: func(*fake) {},
		wrap:   func(b core.Backplane) core.Backplane { return b },
		change: func(*backplanetest.Harness) {},
	}
	r.stall = r.stalled
	r.name = func() string {
		r.names++
		return string(rune('a' + r.names))
	}
	return r
}

func (r *rig) harness() backplanetest.Harness {
	h := backplanetest.Harness{
		New:        r.channel,
		Bubble:     true,
		MaxMessage: maxMessage,
		Oversize:   maxMessage + 1,
		Overflow:   3 * queue,
		Features:   backplanetest.Features{Ping: true},
	}
	r.change(&h)
	return h
}

// reset makes the rig new for the next law; tb is that of the law's bubble.
func (r *rig) reset(tb testing.TB) {
	bus, err := localbus.NewBus(&localbus.Options{Queue: queue, MaxMessage: maxMessage})
	if err != nil {
		tb.Fatal(err)
	}
	r.bus, r.lost, r.nodes, r.names = bus, make(chan struct{}), nil, 0
	r.state.Clear()
	tb.Cleanup(r.work.Wait)
}

func (r *rig) channel(testing.TB) backplanetest.Channel {
	name := r.name()
	return backplanetest.Channel{
		Node: func() core.Backplane {
			f := newFake(r.bus.Channel(name))
			f.subscribe = r.noticing(f.subscribe)
			r.onNode(f)
			r.nodes = append(r.nodes, f)
			return r.wrap(f)
		},
		Closed: r.closed,
		Cut:    r.cut,
		Stall:  r.stall,
	}
}

var errClosed = errors.New("client is closed")

func (r *rig) closed() core.Backplane {
	f := newFake(nil)
	f.publish = func(context.Context, []byte) error { return errClosed }
	f.subscribe = func(context.Context, core.Subscriber) error { return errClosed }
	f.ping = func(context.Context) error { return errClosed }
	r.onClosed(f)
	return f
}

func (r *rig) cut() (repair func()) {
	r.state.Store("cut", true)
	r.disconnect()
	return r.reconnect
}

func (r *rig) wasCut() bool {
	_, cut := r.state.Load("cut")
	return cut
}

func (r *rig) disconnect() {
	for _, f := range r.nodes {
		f.Disconnect()
	}
}

func (r *rig) reconnect() {
	for _, f := range r.nodes {
		f.Reconnect()
	}
}

var errStalled = errors.New("server does not answer")

// stalled lets no more messages through; the subscriptions notice after 2 s and
// end.
func (r *rig) stalled() (resume func()) {
	r.disconnect()
	lost := r.lost
	time.AfterFunc(2*time.Second, func() { close(lost) })
	return func() {
		r.lost = make(chan struct{})
		r.reconnect()
	}
}

// noticing makes subscribe end when a stall is noticed.
func (r *rig) noticing(subscribe func(context.Context, core.Subscriber) error) func(context.Context, core.Subscriber) error {
	return func(ctx context.Context, s core.Subscriber) error {
		inner, stop := context.WithCancel(ctx)
		defer stop()
		lost, returned := r.lost, make(chan struct{})
		var watch sync.WaitGroup
		watch.Go(func() {
			select {
			case <-lost:
				stop()
			case <-returned:
			}
		})
		err := subscribe(inner, s)
		close(returned)
		watch.Wait()
		if ctx.Err() == nil && inner.Err() != nil {
			return errStalled
		}
		return err
	}
}

// pause lets virtual time go by: mutants live in bubbles only.
func pause(d time.Duration) { <-time.After(d) }
