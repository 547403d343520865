// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/abilities"
)

// DefaultMaxInFlight is the default of [DeadlineOptions].
const DefaultMaxInFlight = 256

// DeadlineOptions configures [Deadline]. A zero field stands for its default.
type DeadlineOptions struct {
	// Limit is the time that a call may take if its context allows more. 0:
	// core.DefaultDistributedTimeout.
	Limit time.Duration

	// MaxInFlight bounds the calls that are under way in the layer, those included
	// that nobody waits for any more. 0: DefaultMaxInFlight.
	MaxInFlight int
}

var (
	// ErrBusy is wrapped by the error of a call that was not made, because as
	// many calls as allowed are stuck in the layer.
	ErrBusy = errors.New("too many calls are stuck in the layer")

	// ErrClosed is wrapped by the error of a call that was not made because the
	// wrapper is closed.
	ErrClosed = errors.New("layer is closed")

	errNegative = errors.New("must not be negative")
)

// Deadline returns a layer whose calls return when their context is done, or
// after a limit, even if d ignores its context: with an error that wraps the
// context's. It is for clients that keep no deadlines; one that does needs none
// of it.
//
// Each call runs on a goroutine of its own. When its caller has gone, it goes on
// until d returns, and keeps its place among MaxInFlight. While all places are
// taken, a call waits for one within its own time; once all are held by calls
// that nobody waits for, it fails at once with [ErrBusy]. A panic in d becomes a
// *core.PanicError.
//
// A write that was given up may still be applied, at any later time: the price of
// a client that cannot be stopped.
//
// shut ends the use of the layer: calls fail with [ErrClosed] from then on, and
// shut returns when all goroutines have ended, or with an error when ctx is done.
// It may be called again to go on waiting. It does not close d. A nil opts means
// all defaults; the error names every option that is wrong.
func Deadline(d core.DistributedLayer, opts *DeadlineOptions) (
	bounded core.DistributedLayer, shut func(ctx context.Context) error, err error,
) {
	var o DeadlineOptions
	if opts != nil {
		o = *opts
	}
	var errs []error
	if o.Limit < 0 {
		errs = append(errs, &core.OptionError{Option: "layer.DeadlineOptions.Limit", Err: errNegative})
	}
	if o.MaxInFlight < 0 {
		errs = append(errs, &core.OptionError{Option: "layer.DeadlineOptions.MaxInFlight", Err: errNegative})
	}
	if len(errs) > 0 {
		return nil, nil, errors.Join(errs...)
	}
	if o.Limit == 0 {
		o.Limit = core.DefaultDistributedTimeout
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = DefaultMaxInFlight
	}
	t := &timed{layer: d, lot: newLot(o.MaxInFlight), limit: o.Limit}
	t.arbiter, _ = core.As[core.Arbiter](d)
	t.pinger, _ = core.As[core.Pinger](d)
	return abilities.Like(d, t), t.lot.close, nil
}

// timed has no Unwrap: an ability found behind it would keep no deadline.
type timed struct {
	layer   core.DistributedLayer
	arbiter core.Arbiter
	pinger  core.Pinger
	lot     *lot
	limit   time.Duration
}

// found is the outcome of a read.
type found struct {
	data []byte
	ok   bool
}

func (t *timed) Get(ctx context.Context, key string) (data []byte, ok bool, err error) {
	f, err := within(ctx, t, "get", key, func(ctx context.Context) (f found, err error) {
		f.data, f.ok, err = t.layer.Get(ctx, key)
		return f, err
	})
	return f.data, f.ok, err
}

// Set hands on a copy of data: the slice is the caller's again when Set returns,
// which may be before the layer has read it.
func (t *timed) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	data = slices.Clone(data)
	_, err := within(ctx, t, "set", key, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, t.layer.Set(ctx, key, data, ttl)
	})
	return err
}

func (t *timed) Delete(ctx context.Context, key string) error {
	_, err := within(ctx, t, "delete", key, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, t.layer.Delete(ctx, key)
	})
	return err
}

func (t *timed) Ping(ctx context.Context) error {
	_, err := within(ctx, t, "ping", "", func(ctx context.Context) (struct{}, error) {
		return struct{}{}, t.pinger.Ping(ctx)
	})
	return err
}

func (t *timed) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	w = owned(w)
	return within(ctx, t, "arbitrate", key, func(ctx context.Context) (core.Ruling, error) {
		return t.arbiter.Arbitrate(ctx, key, w)
	})
}

// owned returns w with copies of its slices, as a layer may read them after its caller has gone.
func owned(w core.Write) core.Write {
	w.Data, w.Expect = slices.Clone(w.Data), slices.Clone(w.Expect)
	if w.Notice != nil {
		w.Notice = &core.Notice{Outlet: w.Notice.Outlet, Message: slices.Clone(w.Notice.Message)}
	}
	return w
}

func (t *timed) ReadHeader(ctx context.Context, key string) (header []byte, ok bool, err error) {
	f, err := within(ctx, t, "read header of", key, func(ctx context.Context) (f found, err error) {
		f.data, f.ok, err = t.arbiter.ReadHeader(ctx, key)
		return f, err
	})
	return f.data, f.ok, err
}

func (t *timed) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	keys = slices.Clone(keys)
	return within(ctx, t, "get many", "", func(ctx context.Context) ([]core.Got, error) {
		return abilities.GetMany(ctx, t.layer, keys)
	})
}

func (t *timed) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	keys = slices.Clone(keys)
	return within(ctx, t, "read many headers", "", func(ctx context.Context) ([]core.Got, error) {
		return abilities.ReadHeaders(ctx, t.layer, keys)
	})
}

func (t *timed) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	writes = slices.Clone(writes)
	for i, w := range writes {
		writes[i].Write = owned(w.Write)
	}
	return within(ctx, t, "arbitrate many", "", func(ctx context.Context) ([]core.Ruled, error) {
		return abilities.ArbitrateMany(ctx, t.layer, writes)
	})
}

// refused says which call was not made, or given up. What the layer itself
// returns passes as it is.
func refused(op, key string, err error) error {
	if key == "" {
		return fmt.Errorf("deadline: %s: %w", op, err)
	}
	return fmt.Errorf("deadline: %s %q: %w", op, key, err)
}
