// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/abilities"
)

// transformer makes other bytes of those behind the ordering header, which the
// server has to read, and the first ones of them again.
type transformer interface {
	// seal appends to dst what is stored of body.
	seal(dst []byte, key string, body []byte) ([]byte, error)

	// open appends to dst the body that seal made sealed of.
	open(dst []byte, key string, sealed []byte) ([]byte, error)

	// conceals reports whether what is sealed tells nothing of the body.
	conceals() bool
}

// transform returns d with t behind the headers of all values.
func transform(d core.DistributedLayer, t transformer) core.DistributedLayer {
	w := &transformed{layer: d, how: t}
	w.arbiter, _ = core.As[core.Arbiter](d)
	return abilities.Like(d, w)
}

// transformed has no Unwrap: an ability found behind it would see other bytes.
type transformed struct {
	layer   core.DistributedLayer
	arbiter core.Arbiter
	how     transformer
}

// header returns the length of the ordering header that data begins with, or 0.
func header(data []byte) int {
	if _, err := core.ParseHeader(data); err != nil {
		return 0
	}
	return core.HeaderSize
}

// Conceals implements core.Concealer.
func (t *transformed) Conceals() bool { return t.how.conceals() }

func (t *transformed) seal(key string, data []byte) ([]byte, error) {
	n := header(data)
	if n > 0 && len(data) == n {
		return data, nil // a tombstone has no body
	}
	out, err := t.how.seal(slices.Clone(data[:n]), key, data[n:])
	if err != nil {
		return nil, fmt.Errorf("seal %q: %w", key, err)
	}
	return out, nil
}

// open returns the value of stored bytes. Of what it cannot open it returns the
// ordering header alone, which nobody takes for an intact value: a reader misses,
// and the next load may replace it. Without a header it is foreign.
func (t *transformed) open(key string, data []byte) ([]byte, error) {
	n := header(data)
	if n > 0 && len(data) == n {
		return data, nil
	}
	out, err := t.how.open(bytes.Clone(data[:n]), key, data[n:])
	switch {
	case err == nil:
		return out, nil
	case n > 0:
		return data[:n:n], nil
	}
	return nil, fmt.Errorf("open %q: %w: %w", key, core.ErrForeign, err)
}

func (t *transformed) Get(ctx context.Context, key string) (data []byte, ok bool, err error) {
	if data, ok, err = t.layer.Get(ctx, key); err != nil || !ok {
		return nil, false, err
	}
	if data, err = t.open(key, data); err != nil {
		return nil, false, err
	}
	return data, true, nil
}

func (t *transformed) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	data, err := t.seal(key, data)
	if err != nil {
		return err
	}
	return t.layer.Set(ctx, key, data, ttl)
}

func (t *transformed) Delete(ctx context.Context, key string) error { return t.layer.Delete(ctx, key) }

func (t *transformed) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	data, err := t.seal(key, w.Data)
	if err != nil {
		return core.Ruling{}, err
	}
	w.Data = data
	return t.arbiter.Arbitrate(ctx, key, w)
}

// ReadHeader needs the whole value only if that has no ordering header.
func (t *transformed) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	data, ok, err := t.arbiter.ReadHeader(ctx, key)
	if err != nil || !ok || header(data) > 0 {
		return data, ok, err
	}
	if data, ok, err = t.Get(ctx, key); err != nil || !ok {
		return nil, false, err
	}
	return data[:min(len(data), core.HeaderSize)], true, nil
}

func (t *transformed) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	out, err := abilities.GetMany(ctx, t.layer, keys)
	for i, got := range out {
		if got.Err != nil || !got.OK {
			continue
		}
		if out[i].Data, out[i].Err = t.open(keys[i], got.Data); out[i].Err != nil {
			out[i] = core.Got{Err: out[i].Err}
		}
	}
	return out, err
}

// ReadHeaders needs whole values only where there is no ordering header.
func (t *transformed) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	out, err := abilities.ReadHeaders(ctx, t.layer, keys)
	for i, got := range out {
		if got.Err == nil && got.OK && header(got.Data) == 0 {
			out[i].Data, out[i].OK, out[i].Err = t.ReadHeader(ctx, keys[i])
		}
	}
	return out, err
}

func (t *transformed) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	sealed := slices.Clone(writes)
	for i, w := range writes {
		data, err := t.seal(w.Key, w.Data)
		if err != nil {
			return nil, err
		}
		sealed[i].Data = data
	}
	return abilities.ArbitrateMany(ctx, t.layer, sealed)
}
