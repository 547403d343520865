// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"sync"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

// A stage that calls the factory once more unites its flights anew, while what the first
// call has left behind may still load with its context. The race detector watches.
func TestUnite_AnewWhileAFactoryBeforeStillLoads(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		var mate context.Context
		again := func(ctx context.Context, _ core.Request) (core.Result, error) {
			var left sync.WaitGroup
			left.Go(func() {
				for range 100 {
					_, _ = g.Do(ctx, request("c"), after(0, nil))
				}
			})
			for range 100 {
				Unite(ctx, []context.Context{mate})
			}
			left.Wait()
			_, err := g.Do(ctx, request("b"), after(0, nil))
			return value, err
		}
		b := call(t.Context(), g, request("b"), func(ctx context.Context, _ core.Request) (core.Result, error) {
			mate = ctx
			return g.Do(context.Background(), request("a"), again)
		})
		b().check(t, core.ErrRecursiveLoad, 0)
	})
}
