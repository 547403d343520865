// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !race

package hybrid_test

import (
	"context"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// With otter, two allocations are its own: they are there without this project, too. The
// others are the key, which the layer keeps, the entry and the flight; with bytes also
// the payload and an entry that holds it. With time limits come a goroutine, a channel
// to wait on, and two contexts.
func TestGetOrSet_AMissAllocatesLittle(t *testing.T) {
	limited := []core.Option{core.TTL(time.Hour), core.HardTimeout(time.Second)}
	for name, test := range map[string]struct {
		memory core.MemoryLayer
		opts   []core.Option
		most   float64
	}{
		"objects":              {hybrid.Must(ottermem.New(nil)), nil, 5},
		"objects, time limits": {hybrid.Must(ottermem.New(nil)), limited, 9},
		"bytes":                {hybrid.Must(freecachemem.New(freecachemem.MinSize, nil)), nil, 6},
	} {
		stack := hybrid.Must(hybrid.New(hybrid.Options{Memory: test.memory, Serializer: oneByte{}}))
		c := hybrid.Must(hybrid.Of[int](stack, "v", test.opts...))
		keys := keysOf(1100)
		n := 0
		got := testing.AllocsPerRun(1000, func() {
			_, _ = c.GetOrSet(context.Background(), keys[n], made)
			n++
		})
		if got > test.most {
			t.Errorf("%s: %v allocations, want %v", name, got, test.most)
		}
		_ = stack.Close(context.Background())
	}
}
