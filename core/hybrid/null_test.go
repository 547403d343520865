// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestNull_StoresNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		o := n.join(core.EntryOptions{TTL: time.Hour, StaleTTL: 2 * time.Hour, NodeLock: time.Second})
		o.Name, o.Locker, o.Serializer = "app", newSpyLocker(), jsonSerializer{}
		s := hybrid.Must(hybrid.NewNull(o))
		c := hybrid.Must(hybrid.Of[int](s, "v", core.NodeLock(time.Second)))
		f := &F[int]{delay: time.Second, results: []func() (int, error){returns(1)}}
		for calls := range int64(3) {
			expectAsk(t, c, f, 1, calls+1)
		}
		set(t, c, 7)
		expectMiss(t, c)
		crowd(100, func(int) { ask(t, c, f) })
		expectCalls(t, f, 4)
		if _, err := s.Clear(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if keys := n.store.Len(); keys != 0 {
			t.Errorf("the server holds %d keys", keys)
		}
	})
}

func TestNull_RefusesWhatNewRefuses(t *testing.T) {
	_, err := hybrid.NewNull(hybrid.Options{Defaults: core.EntryOptions{TTL: -1}})
	expectOption(t, err, "EntryOptions.TTL")
}

// Caching is switched off, and the code that uses it stays as it is.
func ExampleNewNull() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.NewNull(hybrid.Options{Name: "shop"}))
	cache := hybrid.Must(hybrid.Of[Product](stack, "products"))

	loads := 0
	for range 3 {
		_, _ = cache.GetOrSet(ctx, "1", func(ctx context.Context, id string) (Product, error) {
			loads++
			return loadProduct(ctx, id)
		})
	}
	fmt.Println("loads:", loads)
	_ = stack.Close(ctx)
	// Output: loads: 3
}
