// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func made(context.Context, string) (int, error) { return 1, nil }

// keysOf returns n keys, of which every one is used about as often as the others.
func keysOf(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = "key" + strconv.Itoa(i)
	}
	return keys
}

func BenchmarkHit(b *testing.B) {
	c := open[int](b, hybrid.Options{})
	_, _ = c.Set(b.Context(), "k", 1)
	for name, hit := range map[string]func(){
		"GetOrSet": func() { _, _ = c.GetOrSet(b.Context(), "k", made) },
		"options":  func() { _, _ = c.GetOrSet(b.Context(), "k", made, core.TTL(1), core.FailSafe(2)) },
		"Get":      func() { _, _, _ = c.Get(b.Context(), "k") },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				hit()
			}
		})
	}
}

func BenchmarkHitParallel(b *testing.B) {
	c := open[int](b, hybrid.Options{})
	keys := keysOf(1024)
	for _, key := range keys {
		_, _ = c.Set(b.Context(), key, 1)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			_, _ = c.GetOrSet(context.Background(), keys[i%len(keys)], made)
		}
	})
}

func BenchmarkMiss(b *testing.B) {
	memoryOnly := hybrid.Options{}
	distributed := hybrid.Options{Distributed: hybrid.Must(localdist.New(nil))}
	skip := core.Without(core.SkipMemory | core.SkipDistributedWrite)
	for _, level := range []struct {
		name    string
		options hybrid.Options
	}{{"memory", memoryOnly}, {"distributed", distributed}} {
		for _, caller := range []struct {
			name string
			ctx  context.Context
		}{{"patient", context.Background()}, {"cancellable", b.Context()}} {
			b.Run(level.name+"/"+caller.name, func(b *testing.B) {
				c := open[int](b, level.options)
				b.ReportAllocs()
				for b.Loop() {
					_, _ = c.GetOrSet(caller.ctx, "k", made, skip)
				}
			})
		}
	}
}

// A miss that many wait for at once.
func BenchmarkStampede(b *testing.B) {
	c := open[int](b, hybrid.Options{})
	b.ReportAllocs()
	for b.Loop() {
		crowd(100, func(int) { _, _ = c.GetOrSet(b.Context(), "k", made) })
		_, _ = c.Remove(b.Context(), "k")
	}
}

func BenchmarkSet(b *testing.B) {
	c := open[int](b, hybrid.Options{})
	b.ReportAllocs()
	for b.Loop() {
		_, _ = c.Set(b.Context(), "k", 1)
	}
}
