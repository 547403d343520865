// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !race

package hybrid_test

import (
	"context"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

var again = []core.Option{core.Without(core.SkipMemoryRead)}

func unasked(context.Context, string) (int, error) { return 0, core.ErrNotFound }

// quietServer answers like a store, and allocates next to nothing.
type quietServer struct {
	core.DistributedLayer
	core.Arbiter
	writes bool
	ruling core.Ruling
}

func (s *quietServer) Get(ctx context.Context, key string) ([]byte, bool, error) {
	ctx.Done() // as clients do
	return s.DistributedLayer.Get(ctx, key)
}

func (s *quietServer) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	ctx.Done()
	if s.writes {
		return s.Arbiter.Arbitrate(ctx, key, w)
	}
	return s.ruling, nil
}

// What the stack allocates for a hit in the server and for a write, beside what server
// and memory do.
func TestStack_AllocatesLittleForAHitInTheServerAndForAWrite(t *testing.T) {
	store := hybrid.Must(localdist.New(nil))
	server := &quietServer{DistributedLayer: store, Arbiter: store, writes: true, ruling: core.Ruling{Stored: true}}
	stack := hybrid.Must(hybrid.New(hybrid.Options{Name: "app", Memory: new(mapMemory), Distributed: server, Serializer: oneByte{}}))
	defer func() { _ = stack.Close(context.Background()) }()
	c := hybrid.Must(hybrid.Of[int](stack, "v", core.TTL(time.Hour)))
	_, _ = c.Set(context.Background(), "k", 7)
	server.writes = false
	cancellable, cancel := context.WithCancel(context.Background())
	defer cancel()
	read := func(ctx context.Context) func() {
		return func() {
			v, err := c.GetOrSet(ctx, "k", unasked, again...)
			if err != nil || v != 7 {
				t.Fatalf("%v, %v", v, err)
			}
		}
	}
	write := func(ctx context.Context) func() { return func() { _, _ = c.Set(ctx, "w", 7) } }
	for what, test := range map[string]struct {
		most float64
		call func()
	}{
		"hit":                         {13, read(context.Background())},
		"hit, who asks can give up":   {15, read(cancellable)},
		"write":                       {14, write(context.Background())},
		"write, who writes can leave": {17, write(cancellable)},
	} {
		if n := testing.AllocsPerRun(1000, test.call); n > test.most {
			t.Errorf("%s: %v allocations, want %v", what, n, test.most)
		} else {
			t.Logf("%s: %v", what, n)
		}
	}
}

// batchServer is a store that is asked for many keys at once.
type batchServer struct {
	core.DistributedLayer
	core.Arbiter
	core.BatchReader
}

// What a key takes of a batch that the server has, beside what is in the result: less
// than half of the bytes are kept, and the less there is to collect, the faster it is.
func TestGetOrSetMany_AllocatesLittleForAHitInTheServer(t *testing.T) {
	const keys, runs = 100, 100
	store := hybrid.Must(localdist.New(nil))
	server := batchServer{store, store, store}
	stack := hybrid.Must(hybrid.New(hybrid.Options{Name: "app", Memory: new(mapMemory), Distributed: server, Serializer: oneByte{}}))
	defer func() { _ = stack.Close(context.Background()) }()
	c := hybrid.Must(hybrid.Of[int](stack, "v", core.TTL(time.Hour)))
	ctx := context.Background()
	var all []string
	for i := range keys {
		all = append(all, strconv.Itoa(i))
		_, _ = c.Set(ctx, all[i], 7)
	}
	none := func(context.Context, []string) (map[string]int, error) { return nil, core.ErrNotFound }
	read := func() {
		values, err := c.GetOrSetMany(ctx, all, none, again...)
		if err != nil || len(values) != keys || values["42"] != 7 {
			t.Fatalf("%d values, %v", len(values), err)
		}
	}
	count := testing.AllocsPerRun(runs, read) / keys
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		read()
	}
	runtime.ReadMemStats(&after)
	bytes := float64(after.TotalAlloc-before.TotalAlloc) / keys / runs
	t.Logf("for a key: %.2f allocations, %.0f bytes", count, bytes)
	if count > 7.75 || bytes > 1500 {
		t.Errorf("for a key: %.2f allocations, %.0f bytes", count, bytes)
	}
}
