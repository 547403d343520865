// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/layer"
)

// stuck is a layer that ignores contexts: calls return when they are released.
type stuck struct {
	core.DistributedLayer
	release chan struct{}
	inside  atomic.Int64
	most    atomic.Int64
	got     atomic.Value // what Set read after its release
}

func newStuck() *stuck { return &stuck{release: make(chan struct{})} }

func (s *stuck) wait() {
	n := s.inside.Add(1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	<-s.release
	time.Sleep(10 * time.Millisecond)
	s.inside.Add(-1)
}

func (s *stuck) Get(context.Context, string) ([]byte, bool, error) {
	s.wait()
	return []byte("late"), true, nil
}

func (s *stuck) Set(_ context.Context, _ string, data []byte, _ time.Duration) error {
	s.wait()
	s.got.Store(string(data))
	return nil
}

func TestDeadline_NamesEveryBadOption(t *testing.T) {
	_, _, err := layer.Deadline(newStore(t), &layer.DeadlineOptions{Limit: -1, MaxInFlight: -1})
	for _, name := range []string{"layer.DeadlineOptions.Limit", "layer.DeadlineOptions.MaxInFlight"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
}

func TestDeadline_EndsAtTheEarlierOfLimitAndContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStuck()
		d := deadline(t, s, &layer.DeadlineOptions{Limit: 100 * time.Millisecond})
		t.Cleanup(func() { close(s.release) })
		for _, c := range []struct {
			own, want time.Duration
			err       error
		}{
			{0, 100 * time.Millisecond, context.DeadlineExceeded},
			{time.Hour, 100 * time.Millisecond, context.DeadlineExceeded},
			{30 * time.Millisecond, 30 * time.Millisecond, context.DeadlineExceeded},
			{-10 * time.Millisecond, 10 * time.Millisecond, context.Canceled},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			switch {
			case c.own > 0:
				ctx, cancel = context.WithTimeout(t.Context(), c.own)
			case c.own < 0:
				time.AfterFunc(-c.own, cancel)
			}
			start := time.Now()
			data, ok, err := d.Get(ctx, "k")
			if took := time.Since(start); took != c.want || data != nil || ok {
				t.Errorf("own limit %v: %q, %v after %v, want nothing after %v", c.own, data, ok, took, c.want)
			}
			if !errors.Is(err, c.err) || !strings.Contains(err.Error(), `get "k"`) {
				t.Errorf("own limit %v: got %v, want %v with operation and key", c.own, err, c.err)
			}
			cancel()
		}
	})
}

func TestDeadline_BoundsTheCallsInTheLayer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStuck()
		d := deadline(t, s, &layer.DeadlineOptions{MaxInFlight: 10})
		start := time.Now()
		var callers sync.WaitGroup
		for range 1000 {
			callers.Go(func() {
				if _, _, err := d.Get(t.Context(), "k"); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
				}
			})
		}
		callers.Wait()
		if took := time.Since(start); took != core.DefaultDistributedTimeout {
			t.Errorf("calls and calls that waited for a place took %v", took)
		}
		if got := s.most.Load(); got != 10 {
			t.Errorf("%d calls were in the layer at once, want 10", got)
		}

		start = time.Now()
		if _, _, err := d.Get(t.Context(), "k"); !errors.Is(err, layer.ErrBusy) || time.Since(start) != 0 {
			t.Errorf("with every place held by a call that nobody waits for: got %v after %v", err, time.Since(start))
		}

		close(s.release)
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		for range 100 {
			callers.Go(func() {
				if data, ok, err := d.Get(t.Context(), "k"); string(data) != "late" || !ok || err != nil {
					t.Errorf("after the layer has come back: %q, %v, %v", data, ok, err)
				}
			})
		}
		callers.Wait()
	})
}

func TestDeadline_WaitsForAPlaceWhileTheLayerWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside atomic.Int64
		slow := layerFunc(func() {
			if n := inside.Add(1); n > 2 {
				t.Errorf("%d calls at once", n)
			}
			time.Sleep(10 * time.Millisecond)
			inside.Add(-1)
		})
		d := deadline(t, slow, &layer.DeadlineOptions{MaxInFlight: 2})
		start := time.Now()
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				if err := d.Delete(t.Context(), "k"); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("20 calls of 10 ms, two at a time, took %v", took)
		}
	})
}

// layerFunc is a layer whose calls are all the same.
type layerFunc func()

func (f layerFunc) Get(context.Context, string) ([]byte, bool, error) { f(); return nil, false, nil }
func (f layerFunc) Delete(context.Context, string) error              { f(); return nil }
func (f layerFunc) Set(context.Context, string, []byte, time.Duration) error {
	f()
	return nil
}

func TestDeadline_DataIsTheCallersAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStuck()
		d := deadline(t, s, nil)
		data := []byte("first")
		if err := d.Set(t.Context(), "k", data, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		copy(data, "other")
		close(s.release)
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		if got := s.got.Load(); got != "first" {
			t.Errorf("the layer read %q after the caller had its slice back", got)
		}
	})
}

func (s *stuck) Arbitrate(_ context.Context, _ string, w core.Write) (core.Ruling, error) {
	s.wait()
	s.got.Store(string(w.Data) + string(w.Expect) + string(w.Notice.Message))
	return core.Ruling{}, nil
}

func (s *stuck) ReadHeader(context.Context, string) ([]byte, bool, error) { return nil, false, nil }

func TestDeadline_SlicesOfAWriteAreTheCallersAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStuck()
		arbiter, ok := core.As[core.Arbiter](deadline(t, s, nil))
		if !ok {
			t.Fatal("the ability is gone")
		}
		w := core.Write{Data: []byte("data"), Expect: []byte("expect"), Notice: &core.Notice{Message: []byte("notice")}}
		if _, err := arbiter.Arbitrate(t.Context(), "k", w); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		clear(w.Data)
		clear(w.Expect)
		clear(w.Notice.Message)
		close(s.release)
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		if got := s.got.Load(); got != "dataexpectnotice" {
			t.Errorf("the layer read %q after the caller had its slices back", got)
		}
	})
}

func TestDeadline_DoneContextIsNoCall(t *testing.T) {
	var calls atomic.Int64
	d, shut, err := layer.Deadline(layerFunc(func() { calls.Add(1) }), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if err := d.Delete(ctx, "k"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	}
	if err := shut(t.Context()); err != nil {
		t.Error(err)
	}
	if got := calls.Load(); got != 0 {
		t.Errorf("%d calls", got)
	}
}

func TestDeadline_PanicAndGoexitBecomeErrors(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic("broken client") }, "goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := deadline(t, layerFunc(end), &layer.DeadlineOptions{MaxInFlight: 1})
				for range 3 {
					err := d.Delete(t.Context(), "k")
					if _, ok := errors.AsType[*core.PanicError](err); !ok {
						t.Errorf("got %v, want a *core.PanicError", err)
					}
				}
				start := time.Now()
				late := deadline(t, layerFunc(func() { time.Sleep(time.Hour); end() }), nil)
				if err := late.Delete(t.Context(), "k"); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v after %v", err, time.Since(start))
				}
				time.Sleep(time.Hour) // what nobody waits for ends without harm
			})
		})
	}
}

func TestDeadline_ShutWaitsForAllCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStuck()
		d, shut, err := layer.Deadline(s, &layer.DeadlineOptions{MaxInFlight: 4})
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			if _, _, err := d.Get(t.Context(), "k"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		}
		var closers sync.WaitGroup
		for range 3 { // they wait together
			closers.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := shut(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
				}
			})
		}
		closers.Wait()
		if _, _, err := d.Get(t.Context(), "k"); !errors.Is(err, layer.ErrClosed) {
			t.Errorf("got %v, want %v", err, layer.ErrClosed)
		}
		time.AfterFunc(time.Second, func() { close(s.release) })
		start := time.Now()
		for range 2 {
			if err := shut(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took != time.Second+10*time.Millisecond || s.inside.Load() != 0 {
			t.Errorf("shut returned after %v with %d calls under way", took, s.inside.Load())
		}
	})
}

func TestDeadline_ShutEndsTheWaitForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStuck()
		d, shut, err := layer.Deadline(s, &layer.DeadlineOptions{MaxInFlight: 1})
		if err != nil {
			t.Fatal(err)
		}
		var callers sync.WaitGroup
		callers.Go(func() { _, _, _ = d.Get(t.Context(), "k") })
		synctest.Wait()
		callers.Go(func() {
			if _, _, err := d.Get(t.Context(), "k"); !errors.Is(err, layer.ErrClosed) {
				t.Errorf("got %v, want %v", err, layer.ErrClosed)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := shut(ctx); err == nil {
			t.Error("shut did not wait")
		}
		close(s.release)
		callers.Wait()
		if err := shut(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// An answer and the end of the time come together: whichever wins, places and
// counts stay right.
func TestDeadline_ConcurrentEndsKeepTheCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exact := layerFunc(func() { time.Sleep(time.Millisecond) })
		d := deadline(t, exact, &layer.DeadlineOptions{Limit: time.Millisecond, MaxInFlight: 8})
		for range 200 {
			var callers sync.WaitGroup
			for range 8 {
				callers.Go(func() {
					if err := d.Delete(t.Context(), "k"); err != nil && !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("got %v", err)
					}
				})
			}
			callers.Wait()
			synctest.Wait()
		}
	})
}

func BenchmarkDeadline(b *testing.B) {
	d := deadline(b, layerFunc(func() {}), nil)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Delete(ctx, "k"); err != nil {
			b.Fatal(err)
		}
	}
}
