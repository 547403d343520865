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

// One stack holds values of several types: each view has a name of its own, and
// keys of its own.
func ExampleOf() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))
	prices := hybrid.Must(hybrid.Of[int](stack, "price", core.TTL(time.Minute)))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	_, _ = prices.Set(ctx, "7", 1995)
	fmt.Println(products.Get(ctx, "7"))
	fmt.Println(prices.Get(ctx, "7"))
	// Output:
	// {lamp 0} true <nil>
	// 1995 true <nil>
}

// A stack that ends finishes what it has begun: the write that goes on in the
// background is on the server when Close has returned.
func ExampleStack_Close() {
	ctx, server := context.Background(), hybrid.Must(localdist.New(nil))
	open := func() *hybrid.Stack {
		return hybrid.Must(hybrid.New(hybrid.Options{
			Name:        "shop",
			Memory:      hybrid.Must(ottermem.New(nil)),
			Distributed: server,
			Serializer:  hybrid.Must(jsonser.New(nil)),
			Defaults:    core.EntryOptions{BackgroundWrites: true},
		}))
	}
	first := open()
	prices := hybrid.Must(hybrid.Of[int](first, "price"))
	fmt.Println(prices.Set(ctx, "lamp", 1995))
	fmt.Println(first.Close(ctx))
	_, err := prices.Set(ctx, "lamp", 2095)
	fmt.Println(err, errors.Is(err, core.ErrClosed))

	second := open()
	defer second.Close(ctx)
	fmt.Println(hybrid.Must(hybrid.Of[int](second, "price")).Get(ctx, "lamp"))
	// Output:
	// local only <nil>
	// <nil>
	// cache: set "lamp": cache is closed true
	// 1995 true <nil>
}

// A value that is known already: the factory returns it. It is stored if there is
// none.
func ExampleCache_GetOrSet_value() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	limits := hybrid.Must(hybrid.Of[int](stack, "limit"))

	for _, limit := range []int{100, 200} {
		fmt.Println(limits.GetOrSet(ctx, "ann", func(context.Context, string) (int, error) { return limit, nil }))
	}
	// Output:
	// 100 <nil>
	// 100 <nil>
}

// Zero and Forever are a life without an end; with zero it has one on the server, of
// core.DefaultDistributedTTL. Below zero is refused.
func ExampleCache_Set_durations() {
	ctx, stack := context.Background(), newTwoLevels()
	defer stack.Close(ctx)
	prices := hybrid.Must(hybrid.Of[int](stack, "price", core.TTL(time.Minute)))

	for _, life := range []time.Duration{0, core.Forever, -time.Second} {
		_, err := prices.Set(ctx, "lamp", 1995, core.TTL(life))
		if err != nil {
			fmt.Println(err)
			continue
		}
		x, err := prices.Explain(ctx, "lamp")
		fmt.Println(x.Memory.Remaining == core.Forever, x.Distributed.Remaining == core.Forever, err)
	}
	// Output:
	// true false <nil>
	// true true <nil>
	// cache: set "lamp": option EntryOptions.TTL: must not be negative
}
