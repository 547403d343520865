// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/cachetest"
	"github.com/fusioncache-go/fusioncache/core/chaos"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// newNode returns a node of the shop, on a server and a backplane that all nodes
// share: in life, redisdist and redisbus, or natsdist and natsbus.
func newNode(server core.DistributedLayer, bus core.Backplane) *hybrid.Stack {
	events := &cachetest.Recorder{}
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      cachetest.NewMemory(),
		Distributed: server,
		Backplane:   bus,
		Serializer:  cachetest.JSON{},
		Plugins:     []core.Plugin{events},
		Defaults:    core.EntryOptions{TTL: time.Hour},
		Pulse:       coherence.PulseOptions{Heartbeat: 50 * time.Millisecond, GapWait: time.Millisecond},
	}))
	for events.Count(core.Joined) == 0 { // in a test: synctest.Wait()
		runtime.Gosched()
	}
	return stack
}

// What one node writes, the others read.
func ExampleOptions_nodes() {
	ctx, server, bus := context.Background(), cachetest.NewServer(), cachetest.NewBus()
	one, two := newNode(server, bus), newNode(server, bus)
	defer one.Close(ctx)
	defer two.Close(ctx)
	prices, elsewhere := hybrid.Must(hybrid.Of[int](one, "price")), hybrid.Must(hybrid.Of[int](two, "price"))

	for _, price := range []int{1995, 2095, 1795} {
		_, _ = prices.Set(ctx, "lamp", price)
		fmt.Println(elsewhere.Get(ctx, "lamp"))
	}
	// Output:
	// 1995 true <nil>
	// 2095 true <nil>
	// 1795 true <nil>
}

// A node tells which of its copies the others have made invalid.
func ExampleStack_Events_invalidations() {
	ctx, server, bus := context.Background(), cachetest.NewServer(), cachetest.NewBus()
	one, two := newNode(server, bus), newNode(server, bus)
	defer one.Close(ctx)
	defer two.Close(ctx)
	two.Events().Listen("example", core.MemoryRemoved|core.MemoryExpired, func(ev core.Event) {
		fmt.Println(ev.Key, "is gone, told by the", ev.Detail)
	})
	prices, elsewhere := hybrid.Must(hybrid.Of[int](one, "price")), hybrid.Must(hybrid.Of[int](two, "price"))

	_, _ = prices.Set(ctx, "lamp", 1995)
	fmt.Println(elsewhere.Get(ctx, "lamp"))
	_, _ = prices.Set(ctx, "chair", 4995) // no copy there
	_, _ = prices.Set(ctx, "lamp", 2095)
	// Output:
	// 1995 true <nil>
	// price:lamp is gone, told by the backplane
}

// Where replicas answer reads, the nodes have to know how late they may be.
func ExampleOptions_readLag() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      cachetest.NewMemory(),
		Distributed: cachetest.NewServer(), // in life: natsdist with three Replicas
		Backplane:   cachetest.NewBus(),
		Serializer:  cachetest.JSON{},
		Pulse:       coherence.PulseOptions{ReadLag: 2 * time.Second},
	}))
	defer stack.Close(ctx)
	prices := hybrid.Must(hybrid.Of[int](stack, "price"))

	_, _ = prices.Set(ctx, "lamp", 1995)
	fmt.Println(prices.Get(ctx, "lamp"))
	// Output: 1995 true <nil>
}

// A load that has read before a write elsewhere undoes it nowhere.
func ExampleCache_Set_duringALoadElsewhere() {
	ctx, server, bus := context.Background(), cachetest.NewServer(), cachetest.NewBus()
	one, two := newNode(server, bus), newNode(server, bus)
	defer one.Close(ctx)
	defer two.Close(ctx)
	prices, elsewhere := hybrid.Must(hybrid.Of[int](one, "price")), hybrid.Must(hybrid.Of[int](two, "price"))

	_, _ = prices.GetOrSet(ctx, "lamp", func(context.Context, string) (int, error) {
		old := 1995
		_, _ = elsewhere.Set(ctx, "lamp", 2095)
		return old, nil
	})
	fmt.Println(prices.Get(ctx, "lamp"))
	fmt.Println(elsewhere.Get(ctx, "lamp"))
	// Output:
	// 2095 true <nil>
	// 2095 true <nil>
}

// A message is lost. The next one tells: what memory holds is checked again.
func ExampleOptions_lostMessage() {
	ctx, server, bus := context.Background(), cachetest.NewServer(), cachetest.NewBus()
	plan := chaos.NewPlan(1)
	one, two := newNode(server, bus), newNode(server, chaos.Backplane(bus, plan))
	defer one.Close(ctx)
	defer two.Close(ctx)
	prices, elsewhere := hybrid.Must(hybrid.Of[int](one, "price")), hybrid.Must(hybrid.Of[int](two, "price"))
	noticed, notice := context.WithCancel(ctx)
	two.Events().Listen("main", core.GapSuspected, func(core.Event) { notice() })

	_, _ = prices.Set(ctx, "lamp", 1995)
	fmt.Println(elsewhere.Get(ctx, "lamp"))
	_ = plan.Use(chaos.Faults{Drop: 1})
	_, _ = prices.Set(ctx, "lamp", 2095)
	plan.Calm()
	_, _ = prices.Set(ctx, "chair", 4995)
	<-noticed.Done()
	fmt.Println(elsewhere.Get(ctx, "lamp"))
	// Output:
	// 1995 true <nil>
	// 2095 true <nil>
}

// A write that the server did not take is made good when it is back.
func ExampleCache_Set_outage() {
	ctx, server, bus := context.Background(), cachetest.NewServer(), cachetest.NewBus()
	one, two := newNode(server, bus), newNode(server, bus)
	defer two.Close(ctx)
	prices, elsewhere := hybrid.Must(hybrid.Of[int](one, "price")), hybrid.Must(hybrid.Of[int](two, "price"))

	server.Fail(errors.New("connection refused"))
	fmt.Println(prices.Set(ctx, "lamp", 2095))
	server.Fail(nil)
	fmt.Println(one.Close(ctx)) // or wait for a second
	fmt.Println(elsewhere.Get(ctx, "lamp"))
	// Output:
	// local only <nil>
	// <nil>
	// 2095 true <nil>
}

// Stacks of different names on one server know nothing of each other.
func ExampleOptions_name() {
	ctx := context.Background()
	server, bus := hybrid.Must(localdist.New(nil)), hybrid.Must(localbus.NewBus(nil))
	open := func(name string) *hybrid.Stack {
		return hybrid.Must(hybrid.New(hybrid.Options{
			Name:        name,
			Memory:      cachetest.NewMemory(),
			Distributed: server,
			Backplane:   bus.Channel(hybrid.Channel(name)),
			Serializer:  cachetest.JSON{},
		}))
	}
	shop, bank := open("shop"), open("bank")
	defer shop.Close(ctx)
	defer bank.Close(ctx)
	prices, rates := hybrid.Must(hybrid.Of[int](shop, "number")), hybrid.Must(hybrid.Of[int](bank, "number"))

	_, _ = prices.Set(ctx, "1", 1995)
	_, _ = rates.Set(ctx, "1", 4)
	_, _ = shop.Clear(ctx)
	fmt.Println(prices.Get(ctx, "1"))
	fmt.Println(rates.Get(ctx, "1"))
	// Output:
	// 0 false <nil>
	// 4 true <nil>
}

// What is too large for the server stays in memory.
func ExampleOptions_maxPayload() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      cachetest.NewMemory(),
		Distributed: cachetest.NewServer(),
		Serializer:  cachetest.JSON{},
		Shared:      coherence.SharedOptions{MaxPayload: 64 << 10},
	}))
	defer stack.Close(ctx)
	manuals := hybrid.Must(hybrid.Of[string](stack, "manual"))

	fmt.Println(manuals.Set(ctx, "lamp", strings.Repeat("Turn it on. ", 10_000)))
	_, here, _ := manuals.Get(ctx, "lamp")
	_, there, _ := manuals.Get(ctx, "lamp", core.Without(core.SkipMemory))
	fmt.Println(here, there)
	// Output:
	// local only <nil>
	// true false
}

// When the service that lends the locks is away, every node loads for itself.
func ExampleOptions_lockerAway() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      cachetest.NewMemory(),
		Distributed: cachetest.NewServer(),
		Locker:      noLocks{},
		Serializer:  cachetest.JSON{},
	}))
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.NodeLock(5*time.Second)))

	p, err := products.GetOrSet(ctx, "7", loadProduct)
	fmt.Println(p.Name, err)
	// Output: lamp 7 <nil>
}

// noLocks is a lock service that is away.
type noLocks struct{}

func (noLocks) TryLock(context.Context, string, time.Duration) (core.Lease, error) {
	return nil, errors.New("connection refused")
}

func (noLocks) Wait(context.Context, string) error { return errors.New("connection refused") }
