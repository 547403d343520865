// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

// Product is what the examples cache.
type Product struct {
	Name  string
	Price int
}

// loadProduct stands for the query to a database.
func loadProduct(_ context.Context, id string) (Product, error) {
	return Product{Name: "lamp " + id, Price: 25}, nil
}

// The parts of a cache, put together: memory, a second level and a backplane
// (here in the process; package redisdist and redisbus, or natsdist and natsbus,
// in real life), msgpack, a circuit breaker.
func Example() {
	ctx := context.Background()

	memory := hybrid.Must(freecachemem.New(64<<20, nil))
	server := hybrid.Must(localdist.New(nil))
	bus := hybrid.Must(localbus.NewBus(nil))

	stack, err := hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      memory,
		Distributed: server,
		Backplane:   bus.Channel(hybrid.Channel("shop")),
		Serializer:  hybrid.Must(msgpackser.New(nil)),
		Plugins:     []core.Plugin{hybrid.Must(breaker.New(nil))},
		Defaults: core.EntryOptions{
			TTL:         time.Minute, // fresh for a minute
			StaleTTL:    time.Hour,   // until an hour old: good enough, should the source fail
			SoftTimeout: 100 * time.Millisecond,
			HardTimeout: 2 * time.Second,
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stack.Close(ctx)

	products := hybrid.Must(hybrid.Of[Product](stack, "product"))
	p, err := products.GetOrSet(ctx, "42", loadProduct)
	fmt.Println(p.Name, err)
	// Output: lamp 42 <nil>
}

// newStack returns a stack of memory alone.
func newStack() *hybrid.Stack {
	return hybrid.Must(hybrid.New(hybrid.Options{Memory: hybrid.Must(ottermem.New(nil))}))
}

func ExampleCache_GetOrSet() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.TTL(time.Minute)))

	for range 3 {
		p, err := products.GetOrSet(ctx, "7", func(ctx context.Context, key string) (Product, error) {
			fmt.Println("loading", key)
			return loadProduct(ctx, key)
		})
		fmt.Println(p.Name, err)
	}
	// Output:
	// loading 7
	// lamp 7 <nil>
	// lamp 7 <nil>
	// lamp 7 <nil>
}

// A factory that fails is answered with the stale value.
func ExampleCache_GetOrSet_failSafe() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.TTL(time.Minute), core.FailSafe(time.Hour)))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp", Price: 25})
	_, _ = products.Expire(ctx, "7")
	p, err := products.GetOrSet(ctx, "7", func(context.Context, string) (Product, error) {
		return Product{}, errors.New("database is down")
	})
	fmt.Println(p.Name, err)
	// Output: lamp <nil>
}

// An error says what failed, for which key, and why.
func ExampleCache_GetOrSet_error() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	errGone := errors.New("no such product")
	_, err := products.GetOrSet(ctx, "8", func(context.Context, string) (Product, error) {
		return Product{}, errGone
	})
	fmt.Println(err)
	fmt.Println(errors.Is(err, errGone))
	// Output:
	// cache: get or set "8": factory: no such product
	// true
}

func ExampleCache_Get() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	_, ok, err := products.Get(ctx, "7")
	fmt.Println(ok, err)
	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	p, ok, err := products.Get(ctx, "7")
	fmt.Println(p.Name, ok, err)
	// Output:
	// false <nil>
	// lamp true <nil>
}

// A write tells how far it has come.
func ExampleCache_Set() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	outcome, err := products.Set(ctx, "7", Product{Name: "lamp"}, core.TTL(10*time.Second))
	fmt.Println(outcome, err)
	// Output: committed <nil>
}

func ExampleCache_Remove() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	_, _ = products.Remove(ctx, "7")
	_, ok, _ := products.Get(ctx, "7")
	fmt.Println(ok)
	// Output: false
}

// Keys of any type: an encoder makes text of them.
func ExampleNewKeyed() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	byID := hybrid.NewKeyed(hybrid.Must(hybrid.Of[Product](stack, "product")), hybrid.IntKey[int])

	p, err := byID.GetOrSet(ctx, 42, func(_ context.Context, id int) (Product, error) {
		return Product{Name: fmt.Sprint("lamp ", id)}, nil
	})
	fmt.Println(p.Name, err)
	// Output: lamp 42 <nil>
}

// Entries can be removed by what they have in common.
func ExampleStack_RemoveByTag() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"}, core.Tags("lighting"))
	_, _ = products.Set(ctx, "8", Product{Name: "chair"}, core.Tags("seating"))
	_, _ = stack.RemoveByTag(ctx, "lighting")
	_, lamp, _ := products.Get(ctx, "7")
	_, chair, _ := products.Get(ctx, "8")
	fmt.Println(lamp, chair)
	// Output: false true
}

// Listeners hear what happens inside.
func ExampleStack_Events() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	stack.Events().Listen("example", core.Miss|core.Hit, func(ev core.Event) {
		fmt.Println(ev.Key, ev.Kind == core.Hit)
	})
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))
	_, _ = products.GetOrSet(ctx, "7", loadProduct)
	_, _ = products.GetOrSet(ctx, "7", loadProduct)
	// Output:
	// product:7 false
	// product:7 true
}
