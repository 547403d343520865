// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

var errClosedShop = errors.New("the shop is closed")

// productsByID returns a view with numbers as keys, in memory alone.
func productsByID() *hybrid.Keyed[int, Product] {
	stack := hybrid.Must(hybrid.New(hybrid.Options{Memory: hybrid.Must(ottermem.New(nil))}))
	return hybrid.NewKeyed(hybrid.Must(hybrid.Of[Product](stack, "product", core.TTL(time.Minute))), hybrid.IntKey[int])
}

// queryProducts stands for one query for many products. It has those below 10.
func queryProducts(_ context.Context, ids []int) (map[int]Product, error) {
	slices.Sort(ids)
	fmt.Println("querying", ids)
	found := map[int]Product{}
	for _, id := range ids {
		if id < 10 {
			found[id] = Product{Name: fmt.Sprint("lamp ", id), Price: 25}
		}
	}
	return found, nil
}

func ExampleKeyed_GetOrSetMany() {
	ctx, byID := context.Background(), productsByID()
	_, _ = byID.Set(ctx, 1, Product{Name: "chair", Price: 50})

	found, err := byID.GetOrSetMany(ctx, []int{1, 2, 3, 99}, queryProducts)
	for _, id := range slices.Sorted(maps.Keys(found)) {
		fmt.Println(id, found[id].Name)
	}
	fmt.Println(err)
	// Output:
	// querying [2 3 99]
	// 1 chair
	// 2 lamp 2
	// 3 lamp 3
	// <nil>
}

func ExampleCache_GetOrSetMany() {
	ctx, products := context.Background(), productsByID().Cache()
	found, err := products.GetOrSetMany(ctx, []string{"7", "8"}, func(_ context.Context, missing []string) (map[string]Product, error) {
		return map[string]Product{"7": {Name: "lamp"}}, core.KeyErrors[string]{"8": errClosedShop}
	})
	fmt.Println(found)

	failed, _ := errors.AsType[core.KeyErrors[string]](err)
	fmt.Println(failed["8"])
	// Output:
	// map[7:{lamp 0}]
	// factory: the shop is closed
}

func ExampleCache_GetMany() {
	ctx, products := context.Background(), productsByID().Cache()
	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	found, err := products.GetMany(ctx, []string{"7", "8"})
	fmt.Println(found, err)
	// Output:
	// map[7:{lamp 0}] <nil>
}

func ExampleCache_SetMany() {
	ctx, products := context.Background(), productsByID().Cache()
	outcome, err := products.SetMany(ctx, map[string]Product{"7": {Name: "lamp"}, "8": {Name: "chair"}}, core.Tags("new"))
	fmt.Println(outcome, err)
	outcome, err = products.RemoveMany(ctx, []string{"7"})
	fmt.Println(outcome, err)
	found, _ := products.GetMany(ctx, []string{"7", "8"})
	fmt.Println(found)
	// Output:
	// committed <nil>
	// committed <nil>
	// map[8:{chair 0}]
}

func ExampleCache_Lookup() {
	ctx, products := context.Background(), productsByID().Cache()
	_, _ = products.Set(ctx, "7", Product{Name: "lamp"}, core.FailSafe(time.Hour), core.Tags("lighting"))
	_, _ = products.Expire(ctx, "7")
	item, err := products.Lookup(ctx, "7", core.FailSafe(time.Hour))
	fmt.Println(item.Value.Name, item.Status, item.Level, item.Tags, err)
	// Output:
	// lamp stale memory [lighting] <nil>
}

func ExampleCache_Explain() {
	ctx, products := context.Background(), productsByID().Cache()
	x, err := products.Explain(ctx, "7")
	fmt.Print(x)
	fmt.Println(err)
	// Output:
	// key "product:7" of stack ""
	// memory: nothing
	// distributed: not asked
	// node: in step with the others
	// <nil>
}
