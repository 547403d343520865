// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !race

package hybrid_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// What a read of the distributed layer allocates, beside what that layer and memory do.
// The race detector makes pools forget at random.
func TestGetOrSet_AllocatesLittleForWhatTheDistributedLayerHas(t *testing.T) {
	store := hybrid.Must(localdist.New(nil))
	node := func() *hybrid.Cache[int] {
		return open[int](t, hybrid.Options{Memory: new(mapMemory), Distributed: store, Serializer: oneByte{}, Defaults: core.EntryOptions{TTL: time.Hour}})
	}
	ctx := context.Background()
	var keys []string
	values := map[string]int{}
	for i := range 100 {
		keys = append(keys, strconv.Itoa(1000+i))
		values[keys[i]] = 7
	}
	if _, err := node().SetMany(ctx, values); err != nil {
		t.Fatal(err)
	}
	c := node()
	again := core.Without(core.SkipMemoryRead)
	load := func(context.Context, []string) (map[string]int, error) { t.Error("loaded"); return nil, nil }
	opts := []core.Option{again}
	one := testing.AllocsPerRun(100, func() { _, _ = c.GetOrSet(ctx, keys[0], made, opts...) })
	many := testing.AllocsPerRun(20, func() { _, _ = c.GetOrSetMany(ctx, keys, load, opts...) }) / 100
	t.Logf("%v for one key, %v for each of 100", one, many)
	if one > 15 {
		t.Errorf("GetOrSet allocates %v times", one)
	}
	if many > 8 {
		t.Errorf("GetOrSetMany allocates %v times for a key", many)
	}
}
