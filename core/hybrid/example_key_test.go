// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/cachetest"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// PriceKey is a key of several parts, which knows its own text.
type PriceKey struct {
	Shop    string
	Product int
}

// AppendCacheKey implements hybrid.Cacheable.
func (k PriceKey) AppendCacheKey(dst []byte) []byte {
	dst = hybrid.Part(dst, k.Shop)
	return hybrid.IntKey(dst, k.Product)
}

// Keys of several parts: no two of them have the same text.
func ExamplePart() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	prices := hybrid.NewKeyed(hybrid.Must(hybrid.Of[int](stack, "price")), hybrid.OwnKey[PriceKey])

	_, _ = prices.Set(ctx, PriceKey{"ann", 11}, 1995)
	_, _ = prices.Set(ctx, PriceKey{"ann1", 1}, 2095)
	fmt.Println(prices.Get(ctx, PriceKey{"ann", 11}))
	fmt.Println(prices.Get(ctx, PriceKey{"ann1", 1}))
	// Output:
	// 1995 true <nil>
	// 2095 true <nil>
}

// A check of health asks the servers. The cache itself works without them.
func ExampleStack_Health() {
	ctx, server := context.Background(), cachetest.NewServer()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name: "shop", Memory: cachetest.NewMemory(), Distributed: server, Serializer: cachetest.JSON{},
	}))
	defer stack.Close(ctx)

	fmt.Println(stack.Health(ctx).Distributed)
	server.Fail(errors.New("connection refused"))
	fmt.Println(stack.Health(ctx).Distributed)
	server.Fail(nil)
	// Output:
	// <nil>
	// connection refused
}

// Everything expires, and stays for fail-safe.
func ExampleStack_ExpireAll() {
	ctx, stack := context.Background(), newStack()
	defer stack.Close(ctx)
	products := hybrid.Must(hybrid.Of[Product](stack, "product", core.TTL(time.Minute), core.FailSafe(time.Hour)))

	_, _ = products.Set(ctx, "7", Product{Name: "lamp"})
	_, _ = stack.ExpireAll(ctx)
	_, fresh, _ := products.Get(ctx, "7")
	p, err := products.GetOrSet(ctx, "7", loadNothing)
	fmt.Println(fresh, p.Name, err)
	// Output: false lamp <nil>
}
