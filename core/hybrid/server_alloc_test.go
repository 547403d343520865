// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !race

package hybrid_test

import (
	"context"
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
