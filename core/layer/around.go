// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer

import (
	"context"
	"errors"
	"sync/atomic"
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
// A ping goes through as it is. The result has the abilities of d: a batch that d does
// not take is no call.
func Around(d core.DistributedLayer, wrap Wrap) core.DistributedLayer {
	a := &around{layer: d, wrap: wrap}
	a.reads.op, a.headers.op, a.writes.op = core.OpGet, core.OpGet, core.OpSet
	a.arbiter, _ = core.As[core.Arbiter](d)
	a.reads.missing.Store(lacks[core.BatchReader](d))
	a.headers.missing.Store(lacks[core.BatchHeaderReader](d))
	a.writes.missing.Store(lacks[core.BatchArbiter](d))
	return abilities.Like(d, a)
}

// lacks reports whether d does not have the ability A.
func lacks[A any](d core.DistributedLayer) bool {
	_, ok := core.As[A](d)
	return !ok
}

type around struct {
	layer   core.DistributedLayer
	arbiter core.Arbiter
	wrap    Wrap

	reads, headers, writes batches
}

// batches are the calls of one kind for many keys.
type batches struct {
	op      core.Op
	missing atomic.Bool // the layer takes none
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
	return many(ctx, a, &a.reads, len(keys), failedRead, func(ctx context.Context) ([]core.Got, error) {
		return abilities.GetMany(ctx, a.layer, keys)
	})
}

func (a *around) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	return many(ctx, a, &a.headers, len(keys), failedRead, func(ctx context.Context) ([]core.Got, error) {
		return abilities.ReadHeaders(ctx, a.layer, keys)
	})
}

func failedRead(g core.Got) error { return g.Err }

func (a *around) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	failed := func(r core.Ruled) error { return r.Err }
	return many(ctx, a, &a.writes, len(writes), failed, func(ctx context.Context) ([]core.Ruled, error) {
		return abilities.ArbitrateMany(ctx, a.layer, writes)
	})
}

// many does wrap around do, a batch of n. Of a layer that lacks the ability there is no
// call that wrap could be around; where only a wrapper inside knows of that, the first
// one tells, and is none that has failed.
func many[T any](
	ctx context.Context, a *around, b *batches, n int, failed func(T) error, do func(context.Context) ([]T, error),
) (out []T, err error) {
	if n == 0 || b.missing.Load() {
		return do(ctx) // only says whether there is the ability
	}
	none := false
	err = a.wrap(ctx, b.op, "", func(ctx context.Context) (err error) {
		if out, err = do(ctx); errors.Is(err, errors.ErrUnsupported) {
			none = true
			return nil
		}
		return batch(out, err, failed)
	})
	if none {
		b.missing.Store(true)
		return nil, errors.ErrUnsupported
	}
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
