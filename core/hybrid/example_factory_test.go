// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// The factory may be a method.
func ExampleCache_GetOrLoad() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	p, err := products.GetOrLoad(ctx, "7", catalogue{title: "lamp"})
	fmt.Println(p.Name, err)
	// Output: lamp 7 <nil>
}

// catalogue is a hybrid.Loader.
type catalogue struct{ title string }

func (c catalogue) Load(_ context.Context, key string) (Product, error) {
	return Product{Name: c.title + " " + key}, nil
}

// The factory knows what belongs together.
func ExampleLoad_Options() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	_, _ = products.GetOrRefresh(ctx, "7", func(_ context.Context, l *hybrid.Load[Product]) (Product, error) {
		l.Options(core.TTL(time.Hour), core.Tags("lighting"))
		return Product{Name: "lamp"}, nil
	})
	item, _ := products.Lookup(ctx, "7")
	fmt.Println(item.Remaining.Round(time.Second), item.Tags)
	// Output: 1h0m0s [lighting]
}

// Who waits gets the result, and nobody else.
func ExampleLoad_Skip() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	p, err := products.GetOrRefresh(ctx, "7", func(_ context.Context, l *hybrid.Load[Product]) (Product, error) {
		l.Skip()
		return Product{Name: "draft of a lamp"}, nil
	})
	fmt.Println(p.Name, err)
	_, ok, _ := products.Get(ctx, "7")
	fmt.Println(ok)
	// Output:
	// draft of a lamp <nil>
	// false
}

// A factory that knows that it cannot answer now asks for fail-safe.
func ExampleLoad_Fail() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.TTL(time.Minute), core.FailSafe(time.Hour)))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	_, _ = products.Expire(ctx, "7")
	p, err := products.GetOrRefresh(ctx, "7", func(_ context.Context, l *hybrid.Load[Product]) (Product, error) {
		return l.Fail(errors.New("the source is busy"))
	})
	fmt.Println(p.Name, err)
	// Output: lamp <nil>
}

// Some failures are answers, which a stale value must not hide.
func ExampleCache_GetOrSet_noFailSafe() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.TTL(time.Minute), core.FailSafe(time.Hour)))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	_, _ = products.Expire(ctx, "7")
	_, err := products.GetOrSet(ctx, "7", func(context.Context, string) (Product, error) {
		return Product{}, core.NoFailSafe(errors.New("not allowed"))
	})
	fmt.Println(err)
	// Output: cache: get or set "7": factory: not allowed
}

// A panic of the factory is an error of the callers. The key is not poisoned.
func ExampleCache_GetOrSet_panic() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	_, err := products.GetOrSet(ctx, "7", func(context.Context, string) (Product, error) { panic("out of lamps") })
	p, ok := errors.AsType[*core.PanicError](err)
	fmt.Println(ok, p.Value)

	lamp, err := products.GetOrSet(ctx, "7", loadProduct)
	fmt.Println(lamp.Name, err)
	// Output:
	// true out of lamps
	// lamp 7 <nil>
}

// The factory sees the values of its caller's context. Its caller may be gone.
func ExampleCache_GetOrSet_context() {
	type tenant struct{}
	stack := newStack()
	defer stack.Close(context.Background())
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	ctx, leave := context.WithCancel(context.WithValue(context.Background(), tenant{}, "ann's shop"))
	_, _ = products.GetOrSet(ctx, "7", func(ctx context.Context, _ string) (Product, error) {
		leave() // the caller waits no more
		return Product{Name: fmt.Sprint("lamp of ", ctx.Value(tenant{}))}, ctx.Err()
	})
	p, err := products.GetOrSet(context.Background(), "7", loadNothing)
	fmt.Println(p.Name, err)
	// Output: lamp of ann's shop <nil>
}

// A factory may load other keys, and gets an error for its own.
func ExampleCache_GetOrSet_nested() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	set, err := products.GetOrSet(ctx, "set", func(ctx context.Context, key string) (Product, error) {
		_, own := products.GetOrSet(ctx, key, loadProduct)
		fmt.Println(errors.Is(own, core.ErrRecursiveLoad))

		lamp, err := products.GetOrSet(ctx, "7", loadProduct)
		return Product{Name: "a chair and a " + lamp.Name}, err
	})
	fmt.Println(set.Name, err)
	// Output:
	// true
	// a chair and a lamp 7 <nil>
}

// A removal during a load wins: what the load has read before is stored nowhere.
func ExampleCache_Remove_duringALoad() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product"))

	p, err := products.GetOrSet(ctx, "7", func(ctx context.Context, key string) (Product, error) {
		old, err := loadProduct(ctx, key)
		_, _ = products.Remove(context.Background(), key) // somebody has changed the database
		return old, err
	})
	fmt.Println(p.Name, err)
	_, ok, _ := products.Get(ctx, "7")
	fmt.Println(ok)
	// Output:
	// lamp 7 <nil>
	// false
}
