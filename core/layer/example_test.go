// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/layer"
)

// Two services share one server.
func ExamplePrefix() {
	store, err := localdist.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	shop, bank := layer.Prefix(store, "shop:"), layer.Prefix(store, "bank:")
	if err := shop.Set(ctx, "k", []byte("a shoe"), time.Minute); err != nil {
		fmt.Println(err)
	}
	_, ok, _ := bank.Get(ctx, "k")
	fmt.Println(ok)
	data, _, _ := store.Get(ctx, "shop:k")
	fmt.Println(string(data))
	// Output:
	// false
	// a shoe
}

// A client that ignores its context gets a time limit.
func ExampleDeadline() {
	client := newStuck() // its calls do not return
	bounded, shut, err := layer.Deadline(client, &layer.DeadlineOptions{Limit: 10 * time.Millisecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	_, _, err = bounded.Get(ctx, "k")
	fmt.Println(err, errors.Is(err, context.DeadlineExceeded))

	close(client.release) // closing a client ends its calls
	fmt.Println(shut(ctx))
	// Output:
	// deadline: get "k": context deadline exceeded true
	// <nil>
}

func ExampleObserve() {
	store, err := localdist.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	events := core.NewEvents("shop")
	events.Listen("print", core.LayerFailed, func(ev core.Event) { fmt.Println(ev.Level, ev.Op, ev.Key, ev.Err) })
	observed := layer.Observe(store, events)
	_ = store.Close()
	_ = observed.Delete(context.Background(), "k")
	// Output:
	// distributed remove k localdist: delete "k": store is closed
}

// Entries of high priority have room of their own: nothing else drops them.
func ExampleByPriority() {
	normal, err := ottermem.New(&ottermem.Options{MaxEntries: 10_000})
	if err != nil {
		fmt.Println(err)
		return
	}
	high, err := ottermem.New(&ottermem.Options{MaxEntries: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	memory, err := layer.ByPriority(layer.Priorities{Normal: normal, High: high})
	if err != nil {
		fmt.Println(err)
		return
	}
	stack, err := hybrid.New(hybrid.Options{Memory: memory})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer stack.Close(ctx)
	rates, err := hybrid.Of[float64](stack, "rate", core.WithPriority(core.HighPriority))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = rates.Set(ctx, "EUR", 1.16)
	fmt.Println(high.Len(), normal.Len())
	// Output: 1 0
}
