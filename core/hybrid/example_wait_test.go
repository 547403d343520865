// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/cachetest"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// Late is an error, even if there is a stale value.
func ExampleCache_GetOrSet_strictHardTimeout() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.TTL(time.Minute), core.FailSafe(time.Hour),
		core.HardTimeout(10*time.Millisecond), core.StrictHardTimeout(true)))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	_, _ = products.Expire(ctx, "7")
	_, err := products.GetOrSet(ctx, "7", slowly, core.CancelOnTimeout(true))
	fmt.Println(err)
	// Output: cache: get or set "7": factory timed out after 10ms
}

// A caller has left, its load goes on: the next one gets what comes of it.
func ExampleCache_GetOrSet_backgroundCompletion() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	answer := make(chan Product) // of the database
	load := func(context.Context, string) (Product, error) { return <-answer, nil }
	_, err := products.GetOrSet(ctx, "7", load, core.HardTimeout(10*time.Millisecond))
	fmt.Println(err)

	answer <- Product{Name: "lamp"}
	p, err := products.GetOrSet(ctx, "7", loadNothing)
	fmt.Println(p.Name, err)
	// Output:
	// cache: get or set "7": factory timed out after 10ms
	// lamp <nil>
}

// The factory's own budget ends its context.
func ExampleCache_GetOrSet_loadTimeout() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	_, err := products.GetOrSet(ctx, "7", func(ctx context.Context, _ string) (Product, error) {
		<-ctx.Done() // as a query does
		return Product{}, ctx.Err()
	}, core.LoadTimeout(10*time.Millisecond))
	fmt.Println(err)
	// Output: cache: get or set "7": factory: context deadline exceeded: factory timed out after 10ms
}

// A server that hangs holds nobody up for longer than it may.
func ExampleCache_GetOrSet_distributedTimeout() {
	ctx, server := context.Background(), cachetest.NewServer()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name: "shop", Memory: cachetest.NewMemory(), Distributed: server, Serializer: cachetest.JSON{},
	}))
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.DistributedTimeouts(0, 20*time.Millisecond)))

	server.Delay(time.Hour)
	p, err := products.GetOrSet(ctx, "7", loadProduct)
	fmt.Println(p.Name, err)
	server.Delay(0)
	// Output: lamp 7 <nil>
}

// Errors of the server are events, and on request those of the caller.
func ExampleCache_Set_layerErrors() {
	ctx, server := context.Background(), cachetest.NewServer()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name: "shop", Memory: cachetest.NewMemory(), Distributed: server, Serializer: cachetest.JSON{},
	}))
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	server.Fail(errors.New("connection refused"))
	fmt.Println(products.Set(ctx, "7", Product{Name: "lamp"}))
	_, err := products.Set(ctx, "7", Product{Name: "lamp"}, core.ReturnLayerErrors(true))
	fmt.Println(err)
	server.Fail(nil)
	// Output:
	// local only <nil>
	// cache: set "7": distributed set: connection refused
}

// However many ask, one load answers them all.
func ExampleCache_GetOrSet_crowd() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	var crowd sync.WaitGroup
	for range 1000 {
		crowd.Go(func() {
			_, _ = products.GetOrSet(ctx, "7", func(ctx context.Context, key string) (Product, error) {
				fmt.Println("loading", key)
				return loadProduct(ctx, key)
			})
		})
	}
	crowd.Wait()
	// Output: loading 7
}

// A failure, too, is that of all who wait; nobody tries again for himself.
func ExampleCache_GetOrSet_sharedFailure() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	var crowd sync.WaitGroup
	for range 3 {
		crowd.Go(func() {
			_, err := products.GetOrSet(ctx, "7", func(ctx context.Context, key string) (Product, error) {
				fmt.Println("loading", key)
				for x := (hybrid.Explanation{}); x.Load.Waiting < 3; runtime.Gosched() {
					x, _ = products.Explain(ctx, key) // until all three wait
				}
				return loadNothing(ctx, key)
			})
			fmt.Println(err)
		})
	}
	crowd.Wait()
	// Output:
	// loading 7
	// cache: get or set "7": factory: database is down
	// cache: get or set "7": factory: database is down
	// cache: get or set "7": factory: database is down
}

// A key that somebody is loading already is waited for, not loaded again.
func ExampleCache_GetOrSetMany_sharedLoads() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	begun, answer := make(chan bool), make(chan Product)
	var single sync.WaitGroup
	single.Go(func() {
		_, _ = products.GetOrSet(ctx, "7", func(context.Context, string) (Product, error) {
			begun <- true
			return <-answer, nil
		})
	})
	<-begun
	found, err := products.GetOrSetMany(ctx, []string{"7", "8"}, func(_ context.Context, missing []string) (map[string]Product, error) {
		fmt.Println("loading", missing)
		answer <- Product{Name: "lamp"}
		return map[string]Product{"8": {Name: "chair"}}, nil
	})
	fmt.Println(found, err)
	single.Wait()
	// Output:
	// loading [8]
	// map[7:{lamp 0} 8:{chair 0}] <nil>
}

// What exceeds the limit waits for its turn, first come first served.
func ExampleOptions_factoryQueue() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.New(hybrid.Options{Memory: hybrid.Must(ottermem.New(nil)), MaxFactories: 1, FactoryQueue: 1000}))
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.LoadTimeout(10*time.Second))) // which bounds the wait, too

	var other sync.WaitGroup
	product, err := products.GetOrSet(ctx, "7", func(ctx context.Context, key string) (Product, error) {
		other.Go(func() { // meanwhile, another caller
			product, err := products.GetOrSet(context.Background(), "8", loadProduct)
			fmt.Println(product.Name, err)
		})
		return loadProduct(ctx, key)
	})
	other.Wait()
	fmt.Println(product.Name, err)
	// Output:
	// lamp 8 <nil>
	// lamp 7 <nil>
}

// The source is never asked more than so many questions at a time.
func ExampleOptions_maxFactories() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.New(hybrid.Options{Memory: hybrid.Must(ottermem.New(nil)), MaxFactories: 1}))
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	_, err := products.GetOrSet(ctx, "7", func(ctx context.Context, key string) (Product, error) {
		_, err := products.GetOrSet(context.Background(), "8", loadProduct) // meanwhile, another caller
		fmt.Println(errors.Is(err, core.ErrOverload))
		return loadProduct(ctx, key)
	})
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}
