// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package cachetest

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrNoScript is returned by a [Factory] that is called before it was told what to
// return.
var ErrNoScript = errors.New("factory has no script")

// Factory is a factory with a script: what its calls give, in order; the last
// stays. Hand its Load to GetOrSet. Safe for concurrent use.
type Factory[V any] struct {
	mu    sync.Mutex
	steps []func() (V, error)
	delay time.Duration
	keys  []string
}

// Returns returns a factory that returns v.
func Returns[V any](v V) *Factory[V] { return new(Factory[V]).ThenReturn(v) }

// ThenReturn adds a call that returns v, and returns f.
func (f *Factory[V]) ThenReturn(v V) *Factory[V] {
	return f.Then(func() (V, error) { return v, nil })
}

// ThenFail adds a call that returns err, and returns f.
func (f *Factory[V]) ThenFail(err error) *Factory[V] {
	return f.Then(func() (v V, _ error) { return v, err })
}

// Then adds a call that does what step does, which may panic, and returns f.
func (f *Factory[V]) Then(step func() (V, error)) *Factory[V] {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps = append(f.steps, step)
	return f
}

// Taking makes calls take d, or until their context ends, which they return then.
// It returns f.
func (f *Factory[V]) Taking(d time.Duration) *Factory[V] {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delay = d
	return f
}

// Load is the factory.
func (f *Factory[V]) Load(ctx context.Context, key string) (v V, err error) {
	f.mu.Lock()
	f.keys = append(f.keys, key)
	delay := f.delay
	step := func() (v V, _ error) { return v, ErrNoScript }
	if n := len(f.steps); n > 0 {
		step = f.steps[min(len(f.keys), n)-1]
	}
	f.mu.Unlock()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return v, context.Cause(ctx)
		}
	}
	return step()
}

// Calls returns the number of calls so far.
func (f *Factory[V]) Calls() int { return len(f.Keys()) }

// Keys returns the keys of the calls so far, in order.
func (f *Factory[V]) Keys() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.keys...)
}
