// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/distributedtest"
)

// fake is a layer whose every method can be replaced by a broken one.
type fake struct {
	get       func(ctx context.Context, key string) ([]byte, bool, error)
	set       func(ctx context.Context, key string, data []byte, ttl time.Duration) error
	del       func(ctx context.Context, key string) error
	ping      func(ctx context.Context) error
	arbitrate func(ctx context.Context, key string, w core.Write) (core.Ruling, error)
	header    func(ctx context.Context, key string) ([]byte, bool, error)

	// Nil: one after the other by get, header and arbitrate.
	getMany       func(ctx context.Context, keys []string) ([]core.Got, error)
	headers       func(ctx context.Context, keys []string) ([]core.Got, error)
	arbitrateMany func(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error)
}

func (f *fake) Get(ctx context.Context, key string) ([]byte, bool, error) { return f.get(ctx, key) }

func (f *fake) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	return f.set(ctx, key, data, ttl)
}

func (f *fake) Delete(ctx context.Context, key string) error { return f.del(ctx, key) }

func (f *fake) Ping(ctx context.Context) error { return f.ping(ctx) }

func (f *fake) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	return f.arbitrate(ctx, key, w)
}

func (f *fake) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	return f.header(ctx, key)
}

func (f *fake) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	if f.getMany != nil {
		return f.getMany(ctx, keys)
	}
	out := make([]core.Got, len(keys))
	for i, key := range keys {
		out[i].Data, out[i].OK, out[i].Err = f.get(ctx, key)
	}
	return out, nil
}

func (f *fake) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	if f.headers != nil {
		return f.headers(ctx, keys)
	}
	out := make([]core.Got, len(keys))
	for i, key := range keys {
		out[i].Data, out[i].OK, out[i].Err = f.header(ctx, key)
	}
	return out, nil
}

func (f *fake) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	if f.arbitrateMany != nil {
		return f.arbitrateMany(ctx, writes)
	}
	out := make([]core.Ruled, len(writes))
	for i, w := range writes {
		out[i].Ruling, out[i].Err = f.arbitrate(ctx, w.Key, w.Write)
	}
	return out, nil
}

func working(tb testing.TB) *fake {
	store, err := localdist.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return &fake{
		get: store.Get, set: store.Set, del: store.Delete, ping: store.Ping,
		arbitrate: store.Arbitrate, header: store.ReadHeader,
	}
}

// failing returns a layer whose methods all return what fail returns.
func failing(fail func(ctx context.Context) error) *fake {
	return &fake{
		get:  func(ctx context.Context, _ string) ([]byte, bool, error) { return nil, false, fail(ctx) },
		set:  func(ctx context.Context, _ string, _ []byte, _ time.Duration) error { return fail(ctx) },
		del:  func(ctx context.Context, _ string) error { return fail(ctx) },
		ping: fail,
		arbitrate: func(ctx context.Context, _ string, _ core.Write) (core.Ruling, error) {
			return core.Ruling{}, fail(ctx)
		},
		header: func(ctx context.Context, _ string) ([]byte, bool, error) { return nil, false, fail(ctx) },
	}
}

var (
	errClosed = errors.New("client is closed")
	errDown   = errors.New("connection refused")
)

// rig is a correct layer behind an imaginary server, to which every law applies,
// and the places where a mutant can break it.
type rig struct {
	onNew, onClosed, onDown, onStalled func(f *fake)
	wrap                               func(l core.DistributedLayer) core.DistributedLayer
	features                           distributedtest.Features
}

func newRig() *rig {
	same := func(*fake) {}
	return &rig{
		onNew: same, onClosed: same, onDown: same, onStalled: same,
		wrap:     func(l core.DistributedLayer) core.DistributedLayer { return l },
		features: distributedtest.Features{Ping: true, Arbiter: true, Batch: true, BatchHeaders: true},
	}
}

func (r *rig) harness() distributedtest.Harness {
	return distributedtest.Harness{
		New:       r.constructor(working, &r.onNew),
		NewClosed: r.constructor(func(testing.TB) *fake { return failing(always(errClosed)) }, &r.onClosed),
		NewDown:   r.constructor(func(testing.TB) *fake { return failing(always(errDown)) }, &r.onDown),
		NewStalled: r.constructor(func(testing.TB) *fake {
			return failing(func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			})
		}, &r.onStalled),
		Bubble:   true,
		MaxValue: maxValue,
		Features: r.features,
	}
}

const maxValue = 100 << 10

func (r *rig) constructor(build func(testing.TB) *fake, mutate *func(*fake)) func(testing.TB) core.DistributedLayer {
	return func(tb testing.TB) core.DistributedLayer {
		f := build(tb)
		(*mutate)(f)
		return r.wrap(f)
	}
}

func always(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

// pause lets virtual time go by: mutants live in bubbles only.
func pause(d time.Duration) { <-time.After(d) }
