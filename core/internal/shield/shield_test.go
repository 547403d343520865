// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package shield_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/backplanetest"
	"github.com/fusioncache-go/fusioncache/core/chaos"
	"github.com/fusioncache-go/fusioncache/core/distributedtest"
	"github.com/fusioncache-go/fusioncache/core/internal/shield"
)

var plugins = []string{"inner", "outer"}

func newStore(tb testing.TB) *localdist.Store {
	tb.Helper()
	store, err := localdist.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return store
}

func newBus(tb testing.TB) *localbus.Bus {
	tb.Helper()
	bus, err := localbus.NewBus(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return bus
}

// book notes the panics that listeners hear of.
type book struct{ heard []core.Event }

func newBook() (*book, *core.Events) {
	b, events := new(book), core.NewEvents("test")
	events.Listen("test", core.PluginPanicked, func(ev core.Event) { b.heard = append(b.heard, ev) })
	return b, events
}

var errBad = errors.New("bad")

// last is the last panic as an error of a call, for a call that returns none.
func (b *book) last() error {
	if len(b.heard) == 0 {
		return nil
	}
	return fmt.Errorf(`plugin "inner, outer": %w`, b.heard[len(b.heard)-1].Err)
}

// expect tells whether err, and the last event, are of a panic of the plugins.
func (b *book) expect(t *testing.T, call string, err error) {
	t.Helper()
	if _, ok := errors.AsType[*core.PanicError](err); !ok || !errors.Is(err, errBad) || !strings.Contains(err.Error(), `plugin "inner, outer": `) {
		t.Errorf("%s: got %v", call, err)
	}
	if len(b.heard) != 1 || b.heard[0].Detail != "inner, outer" || !errors.Is(b.heard[0].Err, errBad) {
		t.Errorf("%s: heard %+v", call, b.heard)
	}
	b.heard = nil
}

func TestConformance_Distributed(t *testing.T) {
	faulty := func(tb testing.TB, f chaos.Faults) core.DistributedLayer {
		plan := chaos.NewPlan(1)
		tb.Cleanup(plan.Calm)
		if err := plan.Use(f); err != nil {
			tb.Fatal(err)
		}
		return shield.Distributed(chaos.Distributed(newStore(tb), plan), plugins, nil)
	}
	distributedtest.Run(t, distributedtest.Harness{
		New: func(tb testing.TB) core.DistributedLayer { return shield.Distributed(newStore(tb), plugins, nil) },
		NewClosed: func(tb testing.TB) core.DistributedLayer {
			store := newStore(tb)
			if err := store.Close(); err != nil {
				tb.Fatal(err)
			}
			return shield.Distributed(store, plugins, nil)
		},
		NewDown:    func(tb testing.TB) core.DistributedLayer { return faulty(tb, chaos.Faults{Fail: 1}) },
		NewStalled: func(tb testing.TB) core.DistributedLayer { return faulty(tb, chaos.Faults{Hang: 1}) },
		Bubble:     true,
		Features:   distributedtest.Features{Ping: true, Arbiter: true, Batch: true, BatchHeaders: true},
	})
}

func TestConformance_Backplane(t *testing.T) {
	shielded := func(b core.Backplane) core.Backplane {
		return shield.Backplane(shield.Inside(b, plugins, nil), plugins, nil)
	}
	backplanetest.Run(t, backplanetest.Harness{
		New: func(tb testing.TB) backplanetest.Channel {
			bus, err := localbus.NewBus(&localbus.Options{Queue: 64})
			if err != nil {
				tb.Fatal(err)
			}
			var nodes []*localbus.Channel
			return backplanetest.Channel{
				Node: func() core.Backplane {
					nodes = append(nodes, bus.Channel("test"))
					return shielded(nodes[len(nodes)-1])
				},
				Closed: func() core.Backplane {
					closed := newBus(tb)
					if err := closed.Close(); err != nil {
						tb.Fatal(err)
					}
					return shielded(closed.Channel("test"))
				},
				Cut: func() func() {
					for _, node := range nodes {
						node.Disconnect()
					}
					return func() {
						for _, node := range nodes {
							node.Reconnect()
						}
					}
				},
			}
		},
		Bubble:   true,
		Oversize: 1 + localbus.DefaultMaxMessage,
		Overflow: 3000,
		Features: backplanetest.Features{Ping: true, NoStall: true},
	})
}

// wild panics whatever it is asked.
type wild struct{}

func (wild) Get(context.Context, string) ([]byte, bool, error)                  { panic(errBad) }
func (wild) Set(context.Context, string, []byte, time.Duration) error           { panic(errBad) }
func (wild) Delete(context.Context, string) error                               { panic(errBad) }
func (wild) Ping(context.Context) error                                         { panic(errBad) }
func (wild) ReadHeader(context.Context, string) ([]byte, bool, error)           { panic(errBad) }
func (wild) GetMany(context.Context, []string) ([]core.Got, error)              { panic(errBad) }
func (wild) ReadHeaders(context.Context, []string) ([]core.Got, error)          { panic(errBad) }
func (wild) Publish(context.Context, []byte) error                              { panic(errBad) }
func (wild) Subscribe(context.Context, core.Subscriber) error                   { panic(errBad) }
func (wild) Outlet() core.Outlet                                                { panic(errBad) }
func (wild) Arbitrate(context.Context, string, core.Write) (core.Ruling, error) { panic(errBad) }
func (wild) ArbitrateMany(context.Context, []core.KeyWrite) ([]core.Ruled, error) {
	panic(errBad)
}

func TestDistributed_APanicOfAnyCallIsAnErrorAndAnEvent(t *testing.T) {
	b, events := newBook()
	d := shield.Distributed(wild{}, plugins, events)
	ctx := t.Context()
	pinger, _ := core.As[core.Pinger](d)
	arbiter, _ := core.As[core.BatchArbiter](d)
	reader, _ := core.As[core.BatchReader](d)
	headers, _ := core.As[core.BatchHeaderReader](d)
	for call, do := range map[string]func() error{
		"get":            func() error { _, _, err := d.Get(ctx, "k"); return err },
		"set":            func() error { return d.Set(ctx, "k", nil, time.Minute) },
		"delete":         func() error { return d.Delete(ctx, "k") },
		"ping":           func() error { return pinger.Ping(ctx) },
		"arbitrate":      func() error { _, err := arbiter.Arbitrate(ctx, "k", core.Write{}); return err },
		"read header":    func() error { _, _, err := arbiter.ReadHeader(ctx, "k"); return err },
		"get many":       func() error { _, err := reader.GetMany(ctx, []string{"k"}); return err },
		"read headers":   func() error { _, err := headers.ReadHeaders(ctx, []string{"k"}); return err },
		"arbitrate many": func() error { _, err := arbiter.ArbitrateMany(ctx, []core.KeyWrite{{Key: "k"}}); return err },
	} {
		b.expect(t, call, do())
	}
}

func TestBackplane_APanicOfAnyCallIsAnErrorAndAnEvent(t *testing.T) {
	b, events := newBook()
	bus := shield.Backplane(wild{}, plugins, events)
	pinger, _ := core.As[core.Pinger](bus)
	b.expect(t, "publish", bus.Publish(t.Context(), nil))
	b.expect(t, "subscribe", bus.Subscribe(t.Context(), nil))
	b.expect(t, "ping", pinger.Ping(t.Context()))
	owner, _ := core.As[core.OutletOwner](bus)
	if out := owner.Outlet(); out.Server != nil || len(b.heard) != 1 {
		t.Errorf("outlet %+v, heard %+v", out, b.heard)
	}
}

// apart delivers on a goroutine of its own.
type apart struct{ core.Backplane }

func (a apart) Subscribe(ctx context.Context, s core.Subscriber) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Joined(false)
		s.Message([]byte("m"))
		if keys, ok := s.(core.KeySubscriber); ok {
			keys.Changed("k")
		}
		<-ctx.Done()
	}()
	<-done
	return ctx.Err()
}

// frail is a subscriber that panics when it gets a message.
type frail struct{ joined, changed int }

func (f *frail) Joined(bool)    { f.joined++ }
func (f *frail) Message([]byte) { panic(errBad) }
func (f *frail) Changed(string) { f.changed++ }

func TestInside_APanicOfASubscriberEndsTheSubscription(t *testing.T) {
	b, events := newBook()
	f := new(frail)
	b.expect(t, "message", shield.Inside(apart{}, plugins, events).Subscribe(t.Context(), f))
	if f.joined != 1 || f.changed != 0 {
		t.Errorf("joined %d times, told of %d keys after the panic", f.joined, f.changed)
	}
}

func TestShield_IsNotThereWithoutPlugins(t *testing.T) {
	store, bus := newStore(t), newBus(t).Channel("c")
	if d := shield.Distributed(store, nil, nil); d != core.DistributedLayer(store) {
		t.Errorf("%T", d)
	}
	if b := shield.Backplane(shield.Inside(bus, nil, nil), nil, nil); b != core.Backplane(bus) {
		t.Errorf("%T", b)
	}
}

func TestShield_HasTheAbilitiesOfWhatIsInside(t *testing.T) {
	for what, bare := range map[string]core.DistributedLayer{
		"both": newStore(t),
		"none": struct{ core.DistributedLayer }{newStore(t)},
	} {
		d := shield.Distributed(bare, plugins, nil)
		_, pings := core.As[core.Pinger](d)
		_, arbitrates := core.As[core.Arbiter](d)
		if want := what == "both"; pings != want || arbitrates != want {
			t.Errorf("%s: Ping is %v, Arbiter is %v", what, pings, arbitrates)
		}
	}
	mute := shield.Backplane(shield.Inside(struct{ core.Backplane }{newBus(t).Channel("c")}, plugins, nil), plugins, nil)
	if _, ok := core.As[core.Pinger](mute); ok {
		t.Error("Ping appeared out of nowhere")
	}
}

// still answers without allocating anything.
type still struct{ wild }

func (still) Get(context.Context, string) ([]byte, bool, error)        { return nil, false, nil }
func (still) Set(context.Context, string, []byte, time.Duration) error { return nil }
func (still) Publish(context.Context, []byte) error                    { return nil }

func TestShield_CostsNoAllocation(t *testing.T) {
	d, b := shield.Distributed(still{}, plugins, nil), shield.Backplane(still{}, plugins, nil)
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		_, _, _ = d.Get(ctx, "k")
		_ = d.Set(ctx, "k", nil, time.Minute)
		_ = b.Publish(ctx, nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
