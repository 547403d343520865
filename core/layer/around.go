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

// Wrap is what is done around one call of a layer: it calls do once, with ctx or a
// context derived from it, and returns its error or another. key is empty for a
// batch and for a publication. It is called by many goroutines at once.
type Wrap func(ctx context.Context, op core.Op, key string, do func(context.Context) error) error

// Around returns a layer that does wrap around every call of d: a span, a
// measurement, a limit. Reading headers is core.OpGet, and arbitrating core.OpSet.
// A ping goes through as it is. The result has the abilities of d.
func Around(d core.DistributedLayer, wrap Wrap) core.DistributedLayer {
	a := &around{layer: d, wrap: wrap}
	a.arbiter, _ = core.As[core.Arbiter](d)
	return abilities.Like(d, a)
}

type around struct {
	layer   core.DistributedLayer
	arbiter core.Arbiter
	wrap    Wrap
}

func (a *around) Get(ctx context.Context, key string) (data []byte, ok bool, err error) {
	err = a.wrap(ctx, core.OpGet, key, func(ctx context.Context) (err error) {
		data, ok, err = a.layer.Get(ctx, key)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return data, ok, nil
}

func (a *around) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	return a.wrap(ctx, core.OpSet, key, func(ctx context.Context) error { return a.layer.Set(ctx, key, data, ttl) })
}

func (a *around) Delete(ctx context.Context, key string) error {
	return a.wrap(ctx, core.OpRemove, key, func(ctx context.Context) error { return a.layer.Delete(ctx, key) })
}

func (a *around) Arbitrate(ctx context.Context, key string, w core.Write) (ruling core.Ruling, err error) {
	err = a.wrap(ctx, core.OpSet, key, func(ctx context.Context) (err error) {
		ruling, err = a.arbiter.Arbitrate(ctx, key, w)
		return err
	})
	if err != nil {
		return core.Ruling{}, err
	}
	return ruling, nil
}

func (a *around) ReadHeader(ctx context.Context, key string) (header []byte, ok bool, err error) {
	err = a.wrap(ctx, core.OpGet, key, func(ctx context.Context) (err error) {
		header, ok, err = a.arbiter.ReadHeader(ctx, key)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return header, ok, nil
}

func (a *around) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	return a.readMany(ctx, keys, abilities.GetMany)
}

func (a *around) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	return a.readMany(ctx, keys, abilities.ReadHeaders)
}

// readMany does wrap around one of the two ways to read many keys.
func (a *around) readMany(
	ctx context.Context, keys []string, read func(context.Context, core.DistributedLayer, []string) ([]core.Got, error),
) (out []core.Got, err error) {
	if len(keys) == 0 {
		return read(ctx, a.layer, keys) // only asks whether there is the ability
	}
	err = a.wrap(ctx, core.OpGet, "", func(ctx context.Context) (err error) {
		out, err = read(ctx, a.layer, keys)
		return batch(out, err, func(g core.Got) error { return g.Err })
	})
	return settled(out, err)
}

func (a *around) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) (out []core.Ruled, err error) {
	if len(writes) == 0 {
		return abilities.ArbitrateMany(ctx, a.layer, writes)
	}
	err = a.wrap(ctx, core.OpSet, "", func(ctx context.Context) (err error) {
		out, err = abilities.ArbitrateMany(ctx, a.layer, writes)
		return batch(out, err, func(r core.Ruled) error { return r.Err })
	})
	return settled(out, err)
}

// batch returns the error of a batch: that of the whole, or else of its first part
// that failed.
func batch[T any](parts []T, err error, of func(T) error) error {
	for _, p := range parts {
		if err == nil {
			if failed := of(p); failed != nil {
				return &part{failed}
			}
		}
	}
	return err
}

// part is the failure of a part of a batch, which its caller finds at the part.
type part struct{ error }

func (p *part) Unwrap() error { return p.error }

// settled returns what came of a batch, of which parts may have failed.
func settled[T any](out []T, err error) ([]T, error) {
	if _, ok := errors.AsType[*part](err); ok || err == nil {
		return out, nil
	}
	return nil, err
}

// AroundBackplane is [Around] for the publications of a backplane: the operation is
// core.OpPublish. What a distributed layer publishes together with a write goes
// past it; see core.Notice.
func AroundBackplane(b core.Backplane, wrap Wrap) core.Backplane {
	a := &aroundBackplane{Backplane: b, wrap: wrap}
	if pinger, ok := core.As[core.Pinger](b); ok {
		return struct {
			*aroundBackplane
			core.Pinger
		}{a, pinger}
	}
	return a
}

type aroundBackplane struct {
	core.Backplane
	wrap Wrap
}

func (a *aroundBackplane) Publish(ctx context.Context, msg []byte) error {
	return a.wrap(ctx, core.OpPublish, "", func(ctx context.Context) error { return a.Backplane.Publish(ctx, msg) })
}

// Outlet returns that of the backplane.
func (a *aroundBackplane) Outlet() core.Outlet {
	if owner, ok := core.As[core.OutletOwner](a.Backplane); ok {
		return owner.Outlet()
	}
	return core.Outlet{}
}
