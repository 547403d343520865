// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// The quick start with everything, sixty times as fast, against Redis: 10 % errors
// and 5 % slow calls.
func TestSeed_EX4_EverythingOnAgainstRedis(t *testing.T) {
	t.Parallel()
	const ttl, staleTTL, slack = 5 * time.Second, 15 * time.Second, time.Second
	const capacity, keys, enough = 200, 2000, 1000
	w := startRedis(t)
	small := hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: capacity}))
	o := core.EntryOptions{
		TTL: ttl, StaleTTL: staleTTL, IdleTTL: time.Second, Throttle: time.Second, MaxCycles: 3,
		SoftTimeout: 20 * time.Millisecond, HardTimeout: 100 * time.Millisecond,
	}
	a := start(t, w, setting{Options: hybrid.Options{Defaults: o, Memory: small}})
	b := start(t, w, setting{Options: hybrid.Options{Defaults: o}})
	nodes := []*node{a, b}
	var made sync.Map // value -> when it was made, by key
	var last atomic.Int64
	source := func(ctx context.Context, key string) (int, error) {
		v := int(last.Add(1))
		made.Store(v, [2]any{key, time.Now()})
		if rand.IntN(20) == 0 {
			select {
			case <-time.After(150 * time.Millisecond):
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		if rand.IntN(10) == 0 {
			return 0, errBoom
		}
		return v, nil
	}
	end := time.Now().Add(9 * time.Second)
	var answers atomic.Int64
	crowd(8, func(i int) {
		for time.Now().Before(end) || answers.Load() < enough && time.Now().Before(end.Add(3*patience)) {
			key := fmt.Sprint("key", rand.IntN(keys)*rand.IntN(keys)/keys) // a few are asked for most
			v, err := nodes[i%2].GetOrSet(t.Context(), key, source)
			if err != nil {
				if !errors.Is(err, errBoom) && !errors.Is(err, core.ErrFactoryTimeout) {
					t.Errorf("%q: %v", key, err)
				}
				continue
			}
			answers.Add(1)
			from, ok := made.Load(v)
			if !ok {
				t.Errorf("%q: nobody has made %d", key, v)
				return
			}
			if of := from.([2]any); of[0] != key || time.Since(of[1].(time.Time)) > staleTTL+slack {
				t.Errorf("%q: a value of %v, %v old", key, of[0], time.Since(of[1].(time.Time)))
			}
			<-time.After(time.Duration(rand.IntN(10)) * time.Millisecond)
		}
	})
	if answers.Load() < enough {
		t.Errorf("only %d answers", answers.Load())
	}
	if a.count(core.Evicted) == 0 {
		t.Error("memory has never been full")
	}
	soon(t, time.Second, "memory to be within its capacity", func() bool { return small.Len() <= capacity })
}

func TestSeed_EO3_LifeOfOneEntryTravelsInMilliseconds(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, w world) {
		slower3(t, func(factor time.Duration) error {
			a, b := pair(t, w, core.EntryOptions{TTL: 300 * time.Second})
			begin := time.Now()
			a.commit(t, "k", 1, core.TTL(factor*900*time.Millisecond))
			made := time.Now() // at the latest
			at(begin, factor*100*time.Millisecond)
			_, early := b.get(t, "k")
			at(begin, factor*850*time.Millisecond)
			_, there := b.get(t, "k")
			if late := time.Since(begin); late > factor*890*time.Millisecond {
				return fmt.Errorf("the machine was busy for %v", late)
			}
			at(made, factor*900*time.Millisecond+50*time.Millisecond)
			_, gone := b.get(t, "k")
			if !early || !there || gone {
				return fmt.Errorf("B has it after 11, 94 and more than 100 %% of its life: %v, %v, %v", early, there, gone)
			}
			return nil
		})
	})
}

func TestSeed_EO5_SkippingTheServerSendsNoCommand(t *testing.T) {
	w := startRedis(t)
	a := start(t, w, setting{})
	a.commit(t, "k", 77)
	p := listen(t, w)
	p.reset(t)
	b := start(t, w, setting{})
	f := gives(1)
	b.ask(t, "k", f, 1, core.Without(core.SkipDistributed))
	f.want(t, 1)
	b.set(t, "k", 2, core.Without(core.SkipDistributed))
	for _, command := range []string{"GET", "GETRANGE", "SET", "EVALSHA", "EVAL"} {
		if n := p.calls(t, "app", command); n != 0 {
			t.Errorf("%d %s of an entry", n, command)
		}
	}
	if v, ok := a.get(t, "k"); v != 77 || !ok {
		t.Errorf("A has %d, %v: it was told", v, ok)
	}
}

func TestSeed_EO13_LifeInRedisOfOneEntry(t *testing.T) {
	w := startRedis(t)
	a := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}})
	a.commit(t, "a", 1, core.DistributedTTL(10*time.Second))
	a.commit(t, "b", 1, core.DistributedTTL(100*time.Second))
	if left := w.left(t, "app", "a"); left <= 0 || left > 10*time.Second {
		t.Errorf("PTTL of a is %v", left)
	}
	if left := w.left(t, "app", "b"); left <= 90*time.Second || left > 100*time.Second {
		t.Errorf("PTTL of b is %v", left)
	}
}

func TestSeed_EO14_BackgroundWriteOfOneCall(t *testing.T) {
	const delay = 200 * time.Millisecond
	everywhereConnected(t, func(t *testing.T, w world) {
		within3(t, func() error {
			for background, o := range map[bool]core.EntryOptions{true: {}, false: {BackgroundWrites: true}} {
				o.DistributedTimeout = 5 * time.Second
				n := start(t, w, setting{Options: hybrid.Options{Defaults: o}})
				n.commitSoon(t)
				n.net.Delay(delay)
				begin := time.Now()
				n.set(t, "k", 1, core.BackgroundWrites(background))
				took := time.Since(begin)
				n.net.Delay(0)
				if background && took > 5*time.Millisecond || !background && took < delay {
					return fmt.Errorf("background %v: took %v", background, took)
				}
			}
			return nil
		})
	})
}

// commitSoon writes once, so that the marks are known and connections are open.
func (n *node) commitSoon(tb testing.TB) {
	tb.Helper()
	soon(tb, patience, "a first write", func() bool {
		return n.set(tb, "first", 1, core.BackgroundWrites(false)) == core.Committed
	})
}

// Validators, negative entries and the windows of stale entries reach other nodes.
func TestSpec20_ValidatorsTravel(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: 300 * time.Millisecond, StaleTTL: time.Minute})
		_, err := a.GetOrRefresh(t.Context(), "k", func(_ context.Context, l *hybrid.Load[int]) (int, error) {
			l.SetETag(`W/"1"`)
			return 1, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(400 * time.Millisecond)
		v, err := b.GetOrRefresh(t.Context(), "k", func(_ context.Context, l *hybrid.Load[int]) (int, error) {
			if l.ETag() != `W/"1"` {
				t.Errorf("the ETag is %q", l.ETag())
			}
			return l.NotModified()
		})
		if v != 1 || err != nil {
			t.Errorf("got %d, %v", v, err)
		}
	})
}

func TestPeers3_NotFoundTravels(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{NotFoundTTL: time.Minute})
		f := &F[int]{results: []func() (int, error){fails[int](core.ErrNotFound)}}
		for _, n := range []*node{a, b, a, b} {
			if v, err := n.GetOrSet(t.Context(), "k", f.load); !errors.Is(err, core.ErrNotFound) {
				t.Errorf("got %d, %v", v, err)
			}
			if v, ok := n.get(t, "k"); ok {
				t.Errorf("there is %d", v)
			}
		}
		f.want(t, 1)
		a.set(t, "k", 5)
		soon(t, patience, "B to see a value", func() bool { v, ok := b.get(t, "k"); return ok && v == 5 })
	})
}

// One node refreshes for all: the others find its result on the server.
func TestSpec33_Q13_OneNodeRefreshesForAll(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, w world) {
		slower3(t, func(factor time.Duration) error {
			key := fmt.Sprint("k", int(factor))
			a, b, c := trio(t, w, core.EntryOptions{TTL: factor * 4 * time.Second, EagerRefresh: 0.25, Skip: core.SkipNotify})
			f := &F[int]{results: []func() (int, error){returns(1), returns(2), returns(3)}}
			begin := time.Now()
			late := func() bool { return time.Since(begin) > factor*2*time.Second }
			for _, n := range []*node{a, b, c} {
				n.ask(t, key, f, 1)
			}
			if n := f.calls.Load(); n != 1 {
				return fmt.Errorf("the first load was made %d times", n)
			}
			at(begin, factor*1200*time.Millisecond)
			if v, err := a.GetOrSet(t.Context(), key, f.load); v != 1 || err != nil {
				return fmt.Errorf("the caller who has it refreshed: %d, %w", v, err)
			}
			// A has it in memory first: who looks before the server has it finds the old value, and loads.
			soon(t, patience, "the server to have what A loaded", func() bool {
				v, _ := c.get(t, key, core.Without(core.SkipMemory))
				return v == 2 || late()
			})
			for _, n := range []*node{b, c} {
				soon(t, patience, "the others to have it", func() bool {
					_, _ = n.GetOrSet(t.Context(), key, f.load)
					v, _ := n.get(t, key)
					return v == 2 || late()
				})
			}
			if late() {
				return errors.New("the machine was busy")
			}
			f.want(t, 2)
			return nil
		})
	})
}
