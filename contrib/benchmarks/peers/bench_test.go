// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
)

// BenchmarkHit is for profiles of one contestant; for comparisons there is the
// command.
func BenchmarkHit(b *testing.B) {
	const count = 100_000
	keys, order := load.Keys(count), load.Zipf(rand.New(rand.NewPCG(1, 1)), 1<<20, count, 1.01)
	for _, p := range peers.All[string]() {
		if p.NeedsRedis {
			continue
		}
		b.Run(p.Name, func(b *testing.B) {
			c, err := p.New(peers.Config[string]{Capacity: 2 * count, Load: func(_ context.Context, key string) (string, error) {
				return load.Text().Make(load.Number(key)), nil
			}})
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			for _, key := range keys {
				_, _ = c.Get(b.Context(), key)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				_, _ = c.Get(b.Context(), keys[order[i%len(order)]])
			}
		})
	}
}
