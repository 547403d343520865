// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// F is a scripted factory. Set its fields before the first call.
type F[V any] struct {
	// delay is how long a call takes, unless its context ends earlier.
	delay time.Duration

	// results are what the calls give, in order; the last is given for ever.
	results []func() (V, error)

	calls atomic.Int64
}

// returns and fails are the results that a call can give.
func returns[V any](v V) func() (V, error)         { return func() (V, error) { return v, nil } }
func fails[V any](err error) func() (v V, e error) { return func() (v V, e error) { return v, err } }

// gives returns a factory that gives v at once.
func gives[V any](v V) *F[V] { return &F[V]{results: []func() (V, error){returns(v)}} }

// broken returns a factory that fails at once.
func broken() *F[int] { return &F[int]{results: []func() (int, error){fails[int](errBoom)}} }

func (f *F[V]) load(ctx context.Context, _ string) (v V, err error) {
	n := f.calls.Add(1)
	if f.delay > 0 {
		timer := time.NewTimer(f.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return v, ctx.Err()
		}
	}
	return f.results[min(int(n), len(f.results))-1]()
}

func (f *F[V]) want(tb testing.TB, calls int64) {
	tb.Helper()
	if n := f.calls.Load(); n != calls {
		tb.Errorf("the factory was called %d times, want %d", n, calls)
	}
}

// crowd has n callers call at the same instant, and waits for all.
func crowd(n int, call func(i int)) {
	barrier := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-barrier
			call(i)
		})
	}
	close(barrier)
	all.Wait()
}

// share has workers do jobs 0 to n-1, each once.
func share(workers, n int, job func(i int)) {
	var next atomic.Int64
	crowd(workers, func(int) {
		for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
			job(i - 1)
		}
	})
}

// times are how long things took. Safe for concurrent use.
type times struct {
	mu  sync.Mutex
	all []time.Duration
}

func (l *times) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, d)
}

// quantile returns what a share q of the times does not exceed; 1 for the longest.
func (l *times) quantile(q float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) == 0 {
		return 0
	}
	slices.SortFunc(l.all, cmp.Compare)
	return l.all[min(int(q*float64(len(l.all))), len(l.all)-1)]
}
