// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer

import (
	"context"
	"errors"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/abilities"
)

// Observe returns a layer that emits a core.LayerFailed event for every call of d
// that fails, unless the caller itself has cancelled it. A stack does that on its
// own; Observe is for layers used without one, and for the inside of a wrapper
// that hides failures. events may be nil.
func Observe(d core.DistributedLayer, events *core.Events) core.DistributedLayer {
	o := &observed{layer: d, events: events}
	o.arbiter, _ = core.As[core.Arbiter](d)
	return abilities.Like(d, o)
}

type observed struct {
	layer   core.DistributedLayer
	arbiter core.Arbiter
	events  *core.Events
}

func (o *observed) Get(ctx context.Context, key string) (data []byte, ok bool, err error) {
	data, ok, err = o.layer.Get(ctx, key)
	return data, ok, o.seen(ctx, core.OpGet, key, err)
}

func (o *observed) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	return o.seen(ctx, core.OpSet, key, o.layer.Set(ctx, key, data, ttl))
}

func (o *observed) Delete(ctx context.Context, key string) error {
	return o.seen(ctx, core.OpRemove, key, o.layer.Delete(ctx, key))
}

func (o *observed) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	ruling, err := o.arbiter.Arbitrate(ctx, key, w)
	return ruling, o.seen(ctx, core.OpSet, key, err)
}

func (o *observed) ReadHeader(ctx context.Context, key string) (header []byte, ok bool, err error) {
	header, ok, err = o.arbiter.ReadHeader(ctx, key)
	return header, ok, o.seen(ctx, core.OpGet, key, err)
}

func (o *observed) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	out, err := abilities.GetMany(ctx, o.layer, keys)
	return out, o.seenReads(ctx, keys, out, err)
}

func (o *observed) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	out, err := abilities.ReadHeaders(ctx, o.layer, keys)
	return out, o.seenReads(ctx, keys, out, err)
}

// seenReads is seen for what a batch of reads came to.
func (o *observed) seenReads(ctx context.Context, keys []string, out []core.Got, err error) error {
	for i, got := range out {
		_ = o.seen(ctx, core.OpGet, keys[i], got.Err)
	}
	return o.seenMany(ctx, core.OpGet, err)
}

func (o *observed) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	out, err := abilities.ArbitrateMany(ctx, o.layer, writes)
	for i, ruled := range out {
		_ = o.seen(ctx, core.OpSet, writes[i].Key, ruled.Err)
	}
	return out, o.seenMany(ctx, core.OpSet, err)
}

// seenMany is seen for a batch that has failed as a whole.
func (o *observed) seenMany(ctx context.Context, op core.Op, err error) error {
	if errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return o.seen(ctx, op, "", err)
}

// seen tells of an error and returns it.
func (o *observed) seen(ctx context.Context, op core.Op, key string, err error) error {
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		o.events.Emit(core.Event{Kind: core.LayerFailed, Key: key, Level: core.LevelDistributed, Op: op, Err: err})
	}
	return err
}
