// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer

import (
	"context"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/abilities"
)

// Prefix returns a layer that puts prefix before every key, so that several
// users share one server. With an empty prefix it returns d itself.
//
// Users are apart only if none of their prefixes begins another: "a:" and "a:b:"
// meet in the key "a:b:c". The errors of d name the key with its prefix.
func Prefix(d core.DistributedLayer, prefix string) core.DistributedLayer {
	if prefix == "" {
		return d
	}
	p := &prefixed{layer: d, prefix: prefix}
	p.arbiter, _ = core.As[core.Arbiter](d)
	return abilities.Like(d, p)
}

// prefixed has no Unwrap: an ability found behind it would miss the prefix.
type prefixed struct {
	layer   core.DistributedLayer
	arbiter core.Arbiter
	prefix  string
}

func (p *prefixed) Get(ctx context.Context, key string) (data []byte, ok bool, err error) {
	return p.layer.Get(ctx, p.prefix+key)
}

func (p *prefixed) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	return p.layer.Set(ctx, p.prefix+key, data, ttl)
}

func (p *prefixed) Delete(ctx context.Context, key string) error {
	return p.layer.Delete(ctx, p.prefix+key)
}

func (p *prefixed) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	return p.arbiter.Arbitrate(ctx, p.prefix+key, w)
}

func (p *prefixed) ReadHeader(ctx context.Context, key string) (header []byte, ok bool, err error) {
	return p.arbiter.ReadHeader(ctx, p.prefix+key)
}

func (p *prefixed) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	return abilities.GetMany(ctx, p.layer, p.full(keys))
}

func (p *prefixed) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	return abilities.ReadHeaders(ctx, p.layer, p.full(keys))
}

func (p *prefixed) full(keys []string) []string {
	full := make([]string, len(keys))
	for i, key := range keys {
		full[i] = p.prefix + key
	}
	return full
}

func (p *prefixed) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	full := slices.Clone(writes)
	for i := range full {
		full[i].Key = p.prefix + full[i].Key
	}
	return abilities.ArbitrateMany(ctx, p.layer, full)
}
