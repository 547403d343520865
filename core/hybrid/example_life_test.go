// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/jsonser"
)

// newTwoLevels returns a stack of memory and a server in the process.
func newTwoLevels() *hybrid.Stack {
	return hybrid.Must(hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      hybrid.Must(ottermem.New(nil)),
		Distributed: hybrid.Must(localdist.New(nil)),
		Serializer:  hybrid.Must(jsonser.New(nil)),
	}))
}

// loadNothing stands for a query to a database that is down.
func loadNothing(context.Context, string) (Product, error) {
	return Product{}, errors.New("database is down")
}

// Nil and zero are values like others.
func ExampleCache_Set_nil() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[*Product](stack, "product"))

	_, _ = products.Set(ctx, "7", nil)
	p, ok, err := products.Get(ctx, "7")
	fmt.Println(p, ok, err)
	// Output: <nil> true <nil>
}

// A short life in memory, a long one on the server.
func ExampleCache_Set_ttlPerLevel() {
	ctx, stack := context.Background(), newTwoLevels()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.TTL(10*time.Second), core.DistributedTTL(time.Hour)))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	x, err := products.Explain(ctx, "7")
	fmt.Println(x.Memory.Remaining.Round(time.Second), x.Distributed.Remaining.Round(time.Second), err)
	// Output: 10s 1h0m0s <nil>
}

// What is written together need not expire together.
func ExampleCache_SetMany_jitter() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.TTL(time.Hour), core.Jitter(time.Minute)))

	_, _ = products.SetMany(ctx, map[string]Product{"7": {Name: "lamp"}, "8": {Name: "chair"}})
	lamp, _ := products.Lookup(ctx, "7")
	chair, _ := products.Lookup(ctx, "8")
	fmt.Println(lamp.Remaining != chair.Remaining, lamp.Remaining < 61*time.Minute)
	// Output: true true
}

// After so many failed refreshes in a row the error is returned after all.
func ExampleCache_GetOrSet_maxCycles() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product",
		core.TTL(time.Minute), core.FailSafe(time.Hour), core.Throttle(time.Millisecond), core.MaxCycles(3)))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	_, _ = products.Expire(ctx, "7")
	failures, err := 0, error(nil)
	for err == nil { // for some milliseconds
		_, err = products.GetOrSet(ctx, "7", func(ctx context.Context, key string) (Product, error) {
			failures++
			return loadNothing(ctx, key)
		})
	}
	fmt.Println(failures, err)
	// Output: 4 cache: get or set "7": factory: database is down
}

// The server can keep stale values for longer than memory does.
func ExampleCache_Set_failSafePerLevel() {
	ctx, stack := context.Background(), newTwoLevels()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product",
		core.TTL(time.Minute), core.FailSafe(time.Hour), core.DistributedStaleTTL(24*time.Hour)))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	x, err := products.Explain(ctx, "7")
	fmt.Println(x.Memory.Usable.Round(time.Second), x.Distributed.Usable.Round(time.Second), err)
	// Output: 1h0m0s 24h0m0s <nil>
}

// Fail-safe by a window that begins where the life has ended.
func ExampleCache_GetOrSet_staleIfError() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.TTL(time.Minute), core.StaleIfError(24*time.Hour)))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	_, _ = products.Expire(ctx, "7")
	p, err := products.GetOrSet(ctx, "7", loadNothing)
	fmt.Println(p.Name, err)
	// Output: lamp <nil>
}

// A hit may have its entry refreshed behind it: the more likely the nearer its end
// is, and the longer its factory takes.
func ExampleCache_GetOrSet_eagerChance() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.TTL(time.Minute), core.EagerChance(1)))

	for range 2 {
		p, err := products.GetOrSet(ctx, "7", loadProduct)
		fmt.Println(p.Name, err)
	}
	// Output:
	// lamp 7 <nil>
	// lamp 7 <nil>
}

// Options that contradict each other are refused, all at once.
func ExampleOf_contradictions() {
	stack := newStack()
	defer stack.Close(context.Background())

	_, err := hybrid.Of[Product](stack, "product", core.TTL(time.Hour), core.FailSafe(time.Minute), core.StrictHardTimeout(true))
	fmt.Println(err)
	// Output:
	// cache: open: view "product": option EntryOptions.StaleTTL: must not be below TTL
	// option EntryOptions.StrictHardTimeout: needs HardTimeout
}
