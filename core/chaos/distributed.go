// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/abilities"
)

// Distributed returns a layer that does what d does, as far as the plan lets it:
// see Fail, FailAfter, Hang, Delay and Garble in [Faults]. It has the abilities of
// d as a [core.Pinger], a [core.Arbiter], a [core.BatchReader], a [core.BatchArbiter]
// and a [core.BatchHeaderReader], which go wrong likewise, a batch as one call, and no
// others.
func Distributed(d core.DistributedLayer, plan *Plan) core.DistributedLayer {
	w := &distributed{layer: d, plan: plan}
	w.arbiter, _ = core.As[core.Arbiter](d)
	w.pinger, _ = core.As[core.Pinger](d)
	return abilities.Like(d, w)
}

type distributed struct {
	layer   core.DistributedLayer
	arbiter core.Arbiter
	pinger  core.Pinger
	plan    *Plan
}

func (w *distributed) Get(ctx context.Context, key string) (data []byte, ok bool, err error) {
	return w.read(ctx, "get", key, w.layer.Get)
}

func (w *distributed) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	return w.do(ctx, "set", key, func() error { return w.layer.Set(ctx, key, data, ttl) })
}

func (w *distributed) Delete(ctx context.Context, key string) error {
	return w.do(ctx, "delete", key, func() error { return w.layer.Delete(ctx, key) })
}

func (w *distributed) Ping(ctx context.Context) error {
	return w.do(ctx, "ping", "", func() error { return w.pinger.Ping(ctx) })
}

func (w *distributed) Arbitrate(ctx context.Context, key string, write core.Write) (core.Ruling, error) {
	var ruling core.Ruling
	err := w.do(ctx, "arbitrate", key, func() (err error) {
		ruling, err = w.arbiter.Arbitrate(ctx, key, write)
		return err
	})
	if err != nil {
		return core.Ruling{}, err
	}
	return ruling, nil
}

func (w *distributed) ReadHeader(ctx context.Context, key string) (header []byte, ok bool, err error) {
	return w.read(ctx, "read header of", key, w.arbiter.ReadHeader)
}

func (w *distributed) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	return w.readMany(ctx, "get many", keys, abilities.GetMany)
}

func (w *distributed) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	return w.readMany(ctx, "read many headers", keys, abilities.ReadHeaders)
}

// readMany makes a call that returns bytes for many keys, all of which may be garbled.
func (w *distributed) readMany(
	ctx context.Context, op string, keys []string,
	call func(context.Context, core.DistributedLayer, []string) ([]core.Got, error),
) (out []core.Got, err error) {
	d := w.plan.roll(distributedCall)
	met, err := d.carryOut(ctx, op, "", func() (err error) {
		out, err = call(ctx, w.layer, keys)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].OK && met == garble {
			out[i].Data = d.garbled(out[i].Data)
		}
	}
	return out, nil
}

func (w *distributed) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) (out []core.Ruled, err error) {
	err = w.do(ctx, "arbitrate many", "", func() (err error) {
		out, err = abilities.ArbitrateMany(ctx, w.layer, writes)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// read makes a call that returns bytes, which may be garbled.
func (w *distributed) read(
	ctx context.Context, op, key string, call func(context.Context, string) ([]byte, bool, error),
) (data []byte, ok bool, err error) {
	d := w.plan.roll(distributedCall)
	met, err := d.carryOut(ctx, op, key, func() (err error) {
		data, ok, err = call(ctx, key)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if ok && met == garble {
		data = d.garbled(data)
	}
	return data, ok, nil
}

func (w *distributed) do(ctx context.Context, op, key string, call func() error) error {
	_, err := w.plan.roll(distributedCall).carryOut(ctx, op, key, call)
	return err
}
