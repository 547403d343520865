// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// A factory may warm another stack with the context that it gets: what either loads goes
// to its own server.
func TestGetOrSetMany_TheFactoryWarmsAnotherStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine, theirs := newBatched(), newBatched()
		c, other := open[int](t, hybrid.Options{Distributed: mine}), open[int](t, hybrid.Options{Distributed: theirs})
		_, _ = other.Set(t.Context(), "warm", 1) // the marks are known
		theirs.slow.be(100 * time.Millisecond)
		f := new(M)
		warming := func(ctx context.Context, keys []string) (map[string]int, error) {
			go func() { _, _ = other.GetOrSet(ctx, "k", loadOne) }()
			time.Sleep(150 * time.Millisecond) // it was read, and is being written
			return f.load(ctx, keys)
		}
		keys := strings.Fields("a bb ccc")
		start := time.Now()
		got, err := c.GetOrSetMany(t.Context(), keys, warming)
		expectMany(t, got, err, "a bb ccc")
		if took := time.Since(start); took != 150*time.Millisecond {
			t.Errorf("took %v: no longer than the factory", took)
		}
		time.Sleep(time.Second)
		got, err = open[int](t, hybrid.Options{Distributed: mine}).GetMany(t.Context(), keys)
		expectMany(t, got, err, "a bb ccc")
		got, err = open[int](t, hybrid.Options{Distributed: theirs}).GetMany(t.Context(), append(keys, "k"))
		expectMany(t, got, err, "k")
	})
}
