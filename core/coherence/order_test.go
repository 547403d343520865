// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// journal notes what ran, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.lines)
}

// takes is work that takes d of virtual time and then notes its name.
func (j *journal) takes(d time.Duration, name string) func(context.Context) {
	return func(context.Context) {
		time.Sleep(d)
		j.note(name)
	}
}

func expectLines(t *testing.T, j *journal, want ...string) {
	t.Helper()
	if got := j.all(); !slices.Equal(got, want) {
		t.Errorf("ran %q, want %q", got, want)
	}
}

func TestOrder_RunsTheWorkOfAKeyInTheOrderOfItsPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := coherence.NewOrder(coherence.BackgroundLimits{})
		var j journal
		first, second, third := o.Enter("k"), o.Enter("k"), o.Enter("k")
		var wg sync.WaitGroup
		wg.Go(func() { _ = third.Do(t.Context(), j.takes(0, "third")) })
		_ = second.Go(t.Context(), j.takes(time.Second, "second"))
		synctest.Wait()
		expectLines(t, &j)

		_ = first.Do(t.Context(), j.takes(time.Second, "first"))
		wg.Wait()
		expectLines(t, &j, "first", "second", "third")
		_ = o.Close(t.Context())
		if n := o.Lines(); n != 0 {
			t.Errorf("%d lines are left", n)
		}
	})
}

func TestOrder_WorkThatIsAskedForInTurnRunsInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := coherence.NewOrder(coherence.BackgroundLimits{})
		var j journal
		for i := range 5 {
			_ = o.Go(t.Context(), "k", j.takes(time.Duration(5-i)*time.Second, fmt.Sprint("go ", i)))
		}
		_ = o.Do(t.Context(), "k", j.takes(0, "do"))
		expectLines(t, &j, "go 0", "go 1", "go 2", "go 3", "go 4", "do")
		_ = o.Close(t.Context())
	})
}

func TestOrder_KeysDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := coherence.NewOrder(coherence.BackgroundLimits{})
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() { _ = o.Do(t.Context(), fmt.Sprint(i), func(context.Context) { time.Sleep(time.Second) }) })
		}
		wg.Wait()
		if took := time.Since(start); took != time.Second {
			t.Errorf("100 keys took %v, want 1s", took)
		}
	})
}

func TestOrder_CallerThatGivesUpIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := coherence.NewOrder(coherence.BackgroundLimits{})
		var j journal
		_ = o.Go(t.Context(), "k", j.takes(10*time.Second, "slow"))

		errTired := errors.New("tired")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errTired)
		defer cancel()
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := o.Do(ctx, "k", j.takes(0, "tired")); !errors.Is(err, errTired) {
				t.Errorf("got %v, want %v", err, errTired)
			}
			if took := time.Since(start); took != time.Second {
				t.Errorf("gave up after %v, want 1s", took)
			}
		})
		synctest.Wait()
		_ = o.Do(t.Context(), "k", j.takes(0, "patient"))
		wg.Wait()
		expectLines(t, &j, "slow", "patient")
		if n := o.Lines(); n != 0 {
			t.Errorf("%d lines are left", n)
		}
		_ = o.Close(t.Context())
	})
}

func TestOrder_GoReturnsAtOnceAndKeepsToItsWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := coherence.NewOrder(coherence.BackgroundLimits{Workers: 3})
		start := time.Now()
		var running, most atomic.Int64
		for i := range 10 {
			_ = o.Go(t.Context(), fmt.Sprint(i), func(context.Context) {
				if n := running.Add(1); n > most.Load() {
					most.Store(n)
				}
				defer running.Add(-1)
				time.Sleep(time.Second)
			})
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("Go took %v", took)
		}
		_ = o.Close(t.Context())
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("10 works of 1s on 3 workers took %v, want 4s", took)
		}
		if most.Load() != 3 {
			t.Errorf("%d ran at a time, want 3", most.Load())
		}
	})
}

func TestOrder_TooMuchPendingRunsOnItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := coherence.NewOrder(coherence.BackgroundLimits{Workers: 1, Pending: 2})
		var j journal
		_ = o.Go(t.Context(), "a", j.takes(time.Second, "a"))
		_ = o.Go(t.Context(), "b", j.takes(time.Second, "b"))
		start := time.Now()
		_ = o.Go(t.Context(), "c", j.takes(time.Millisecond, "c"))
		if took := time.Since(start); took != time.Millisecond {
			t.Errorf("the third work took its caller %v, want 1ms", took)
		}
		_ = o.Close(t.Context())
		expectLines(t, &j, "c", "a", "b")
	})
}

func TestOrder_CloseThatCannotWaitCancelsAndCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := coherence.NewOrder(coherence.BackgroundLimits{Workers: 2})
		var cancelled atomic.Int64
		for i := range 5 {
			_ = o.Go(t.Context(), fmt.Sprint(i), func(ctx context.Context) {
				<-ctx.Done()
				cancelled.Add(1)
			})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := o.Close(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "5 background writes") {
			t.Errorf("got %v, want a deadline and the number 5", err)
		}
		synctest.Wait()
		if cancelled.Load() != 5 {
			t.Errorf("%d works were cancelled, want 5", cancelled.Load())
		}
		if err := o.Close(ctx); err != nil {
			t.Errorf("nothing is left, but Close says %v", err)
		}
	})
}

func TestOrder_WorkAfterCloseRunsOnItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := coherence.NewOrder(coherence.BackgroundLimits{})
		_ = o.Close(t.Context())
		ran := false
		if err := o.Go(t.Context(), "k", func(context.Context) { ran = true }); err != nil || !ran {
			t.Errorf("ran: %v, error: %v", ran, err)
		}
	})
}

func TestOrder_WorkThatPanicsPassesTheTurnOn(t *testing.T) {
	o := coherence.NewOrder(coherence.BackgroundLimits{})
	func() {
		defer func() { _ = recover() }()
		_ = o.Do(t.Context(), "k", func(context.Context) { panic("x") })
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := o.Do(ctx, "k", func(context.Context) {}); err != nil {
		t.Error(err)
	}
}

// The sequence of one key is what Enter gave out, with callers that give up and
// background work in between, on many goroutines.
func TestOrder_StressKeepsTheOrderOfEveryKey(t *testing.T) {
	o := coherence.NewOrder(coherence.BackgroundLimits{Workers: 4, Pending: 50})
	const keys = 5
	var last [keys]atomic.Int64 // written by whoever has the turn
	var given [keys]int64
	var locks [keys]sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				k := rand.IntN(keys)
				locks[k].Lock()
				given[k]++
				number, place := given[k], o.Enter(fmt.Sprint(k))
				locks[k].Unlock()
				work := func(context.Context) {
					if before := last[k].Swap(number); before >= number {
						t.Errorf("%d ran after %d", number, before)
					}
				}
				ctx, cancel := context.WithCancel(t.Context())
				switch rand.IntN(4) {
				case 0:
					_ = place.Go(ctx, work)
				case 1:
					cancel()
					_ = place.Do(ctx, work)
				default:
					_ = place.Do(ctx, work)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if err := o.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := o.Lines(); n != 0 {
		t.Errorf("%d lines are left", n)
	}
}
