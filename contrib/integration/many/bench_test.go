// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package many_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// BenchmarkGetMany reads 100 keys from Redis in several ways: as the client does it
// without a cache, and through a cache whose memory is not read.
func BenchmarkGetMany(b *testing.B) {
	server := redistest.Start(b, nil)
	products := redisNode(b, server.URL())
	keys := ids(0, 100)
	if _, err := products.SetMany(b.Context(), named(keys)); err != nil {
		b.Fatal(err)
	}
	client := redis.NewUniversalClient(hybrid.Must(redisdist.ClientOptions(server.URL(), nil)))
	defer func() { _ = client.Close() }()
	full := make([]string, len(keys))
	for i, id := range keys {
		full[i] = hybrid.KeyPrefixes(app)[0] + "product:" + strconv.Itoa(id)
	}
	for _, way := range []struct {
		name string
		get  func(ctx context.Context) (int, error)
	}{
		{"MGET", func(ctx context.Context) (int, error) {
			values, err := client.MGet(ctx, full...).Result()
			return len(values), err
		}},
		{"GetMany", func(ctx context.Context) (int, error) {
			found, err := products.GetMany(ctx, keys, core.Without(core.SkipMemory))
			return len(found), err
		}},
		{"GetMany in memory", func(ctx context.Context) (int, error) {
			found, err := products.GetMany(ctx, keys)
			return len(found), err
		}},
		{"100 Gets", func(ctx context.Context) (n int, err error) {
			for _, id := range keys {
				if _, ok, _ := products.Get(ctx, id, core.Without(core.SkipMemory)); ok {
					n++
				}
			}
			return n, nil
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if n, err := way.get(b.Context()); n != len(keys) || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}
