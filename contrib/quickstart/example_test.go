// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package quickstart_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/quickstart"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// Product is what the cache holds. Its fields are exported, so that they can be
// encoded.
type Product struct {
	Name  string
	Price int
}

func loadProduct(_ context.Context, key string) (Product, error) {
	fmt.Println("loading", key)
	return Product{Name: "Lamp", Price: 1995}, nil
}

func ExampleMemory() {
	ctx := context.Background()
	stack, err := quickstart.Memory(&quickstart.Options{Defaults: core.EntryOptions{TTL: time.Minute}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stack.Close(ctx)

	products := hybrid.Must(hybrid.Of[Product](stack, "product"))
	for range 2 {
		fmt.Println(products.GetOrSet(ctx, "42", loadProduct))
	}
	// Output:
	// loading 42
	// {Lamp 1995} <nil>
	// {Lamp 1995} <nil>
}

// A cache with everything: fail-safe, timeouts, L2 and backplane on one Redis.
// It starts and works although there is no server at this address.
func ExampleRedis() {
	ctx := context.Background()
	stack, err := quickstart.Redis(ctx, "redis://127.0.0.1:1", "shop", &quickstart.Options{
		Defaults: core.EntryOptions{
			TTL:         time.Minute,
			StaleTTL:    time.Hour,
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
	fmt.Println(products.GetOrSet(ctx, "42", loadProduct))
	outcome, err := products.Set(ctx, "42", Product{Name: "Lamp", Price: 1495})
	fmt.Println(outcome, err)
	// Output:
	// loading 42
	// {Lamp 1995} <nil>
	// local only <nil>
}

// The same on NATS. It starts and works although there is no server at this
// address.
func ExampleNATS() {
	ctx := context.Background()
	stack, err := quickstart.NATS(ctx, "nats://127.0.0.1:1", "shop", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stack.Close(ctx)

	products := hybrid.Must(hybrid.Of[Product](stack, "product"))
	fmt.Println(products.GetOrSet(ctx, "42", loadProduct, core.TTL(time.Minute)))
	// Output:
	// loading 42
	// {Lamp 1995} <nil>
}
