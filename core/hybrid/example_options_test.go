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
	"github.com/fusioncache-go/fusioncache/core/layer"
	"github.com/fusioncache-go/fusioncache/serializers/jsonser"
)

// slowly is a factory that takes a while.
func slowly(ctx context.Context, _ string) (Product, error) {
	select {
	case <-time.After(time.Second):
		return Product{Name: "new lamp"}, nil
	case <-ctx.Done():
		return Product{}, ctx.Err()
	}
}

// Options of the stack, refined for a view, refined for a call.
func ExampleOf_options() {
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Memory:   hybrid.Must(ottermem.New(nil)),
		Defaults: core.EntryOptions{TTL: time.Minute, Jitter: 5 * time.Second},
	}))
	defer stack.Close(context.Background())
	prices := hybrid.Must(hybrid.Of[int](stack, "price", core.TTL(10*time.Second)))

	fmt.Println(prices.Options().TTL, prices.Options().Jitter)
	_, _ = prices.Set(context.Background(), "lamp", 1995, core.TTL(time.Hour))
	// Output: 10s 5s
}

// A caller has less patience when there is something stale to show. The load goes
// on without it.
func ExampleCache_GetOrSet_softTimeout() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product",
		core.TTL(time.Minute), core.FailSafe(time.Hour), core.SoftTimeout(10*time.Millisecond)))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	_, _ = products.Expire(ctx, "7")
	p, err := products.GetOrSet(ctx, "7", slowly)
	fmt.Println(p.Name, err)
	// Output: lamp <nil>
}

// A limit that holds in any case.
func ExampleCache_GetOrSet_hardTimeout() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	_, err := products.GetOrSet(ctx, "7", slowly, core.HardTimeout(10*time.Millisecond), core.CancelOnTimeout(true))
	fmt.Println(err, errors.Is(err, core.ErrFactoryTimeout))
	// Output: cache: get or set "7": factory timed out after 10ms true
}

// That there is nothing is worth knowing, too, for a shorter time.
func ExampleCache_GetOrSet_notFound() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.TTL(time.Hour), core.NotFoundTTL(time.Minute, time.Second)))

	for range 3 {
		_, err := products.GetOrSet(ctx, "0", func(context.Context, string) (Product, error) {
			fmt.Println("asking the database")
			return Product{}, core.ErrNotFound
		})
		fmt.Println(errors.Is(err, core.ErrNotFound))
	}
	// Output:
	// asking the database
	// true
	// true
	// true
}

// After a failure the source is left alone for a while.
func ExampleCache_GetOrSet_errorBackoff() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.ErrorBackoff(time.Second)))

	for range 3 {
		_, err := products.GetOrSet(ctx, "7", func(context.Context, string) (Product, error) {
			fmt.Println("asking the database")
			return Product{}, errors.New("too many connections")
		})
		fmt.Println(err != nil)
	}
	// Output:
	// asking the database
	// true
	// true
	// true
}

// A source that goes on failing is asked ever more rarely: after about 1, 2, 4, … 30
// seconds.
func ExampleCache_GetOrSet_errorBackoffMax() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.ErrorBackoff(time.Second), core.ErrorBackoffMax(30*time.Second)))

	_, err := products.GetOrSet(ctx, "7", func(context.Context, string) (Product, error) {
		return Product{}, errors.New("too many connections")
	})
	fmt.Println(err)
	if x, err := products.Explain(ctx, "7"); err == nil {
		fmt.Println("left alone for a second:", x.BackoffLeft > 0 && x.BackoffLeft <= time.Second)
	}
	// Output:
	// cache: get or set "7": factory: too many connections
	// left alone for a second: true
}

// An entry that nobody asks for ends early.
func ExampleCache_Set_idleTTL() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	sessions := hybrid.Must(hybrid.Of[string](stack, "session", core.TTL(8*time.Hour), core.IdleTTL(20*time.Minute)))

	outcome, err := sessions.Set(ctx, "s-1", "ann")
	fmt.Println(outcome, err)
	// Output: committed <nil>
}

// A write does not wait for the server; Close does.
func ExampleCache_Set_backgroundWrites() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      hybrid.Must(ottermem.New(nil)),
		Distributed: hybrid.Must(localdist.New(nil)),
		Serializer:  hybrid.Must(jsonser.New(nil)),
	}))
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.BackgroundWrites(true)))

	outcome, err := products.Set(ctx, "7", Product{Name: "lamp"})
	fmt.Println(outcome, err)
	fmt.Println(stack.Close(ctx))
	// Output:
	// local only <nil>
	// <nil>
}

// Parts of the way can be left out, each by itself.
func ExampleCache_Get_without() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"}, core.Without(core.SkipNotify))
	_, ok, _ := products.Get(ctx, "7", core.Without(core.SkipMemoryRead))
	fmt.Println(ok)
	// Output: false
}

// A view that keeps its values out of the distributed layer, and a call that does not.
func ExampleCache_Set_with() {
	ctx := context.Background()
	server := hybrid.Must(localdist.New(nil))
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name: "shop", Memory: hybrid.Must(ottermem.New(nil)), Distributed: server, Serializer: hybrid.Must(jsonser.New(nil)),
	}))
	defer stack.Close(ctx)
	drafts := hybrid.Must(hybrid.Of[string](stack, "draft", core.Without(core.SkipDistributed)))

	_, _ = drafts.Set(ctx, "7", "lamp")
	kept := server.Len()
	_, _ = drafts.Set(ctx, "7", "lamp", core.With(core.SkipDistributedWrite))
	fmt.Println(server.Len() - kept)
	// Output: 1
}

// Every reader gets a value of its own, which it may change.
func ExampleCache_GetOrSet_clone() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Memory: hybrid.Must(ottermem.New(nil)), Serializer: hybrid.Must(jsonser.New(nil)),
	}))
	defer stack.Close(ctx)
	names := hybrid.Must(hybrid.Of[[]string](stack, "names", core.Clone(true)))

	_, _ = names.Set(ctx, "k", []string{"ann", "bob"})
	mine, _, _ := names.Get(ctx, "k")
	mine[0] = "eve"
	yours, _, _ := names.Get(ctx, "k")
	fmt.Println(yours)
	// Output: [ann bob]
}

// Expiring with a tag keeps the values for fail-safe.
func ExampleStack_ExpireByTag() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.TTL(time.Minute), core.FailSafe(time.Hour)))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"}, core.Tags("lighting"))
	_, _ = stack.ExpireByTag(ctx, "lighting")
	_, fresh, _ := products.Get(ctx, "7")
	p, ok, _ := products.Get(ctx, "7", core.AllowStale(true))
	fmt.Println(fresh, p.Name, ok)
	// Output: false lamp true
}

// Clear takes the same time for a thousand entries and for a million.
func ExampleStack_Clear() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	outcome, err := stack.Clear(ctx)
	_, ok, _ := products.Get(ctx, "7")
	fmt.Println(outcome, err, ok)
	// Output: committed <nil> false
}

// Values that the server cannot read, and that take less room there.
func ExampleOptions_encrypted() {
	server := core.DistributedLayer(hybrid.Must(localdist.New(nil)))
	secret := []byte("32 random bytes, from your vault")
	server = hybrid.Must(layer.Compress(hybrid.Must(layer.Encrypt(server, secret)), nil))

	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      hybrid.Must(ottermem.New(nil)),
		Distributed: server,
		Serializer:  hybrid.Must(jsonser.New(nil)),
	}))
	defer stack.Close(context.Background())
	notes := hybrid.Must(hybrid.Of[string](stack, "note"))
	fmt.Println(notes.Set(context.Background(), "k", "a secret"))
	// Output: committed <nil>
}
