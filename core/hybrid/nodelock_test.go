// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/locallock"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// spyLocker is a lock service that can fail, be silent, also about waits or about
// leases only, and lose leases.
type spyLocker struct {
	core.Locker
	down, silent, losing    atomic.Bool
	silentWait, silentLease atomic.Bool
	tries, waits            atomic.Int64
}

func newSpyLocker() *spyLocker { return &spyLocker{Locker: locallock.New()} }

func (s *spyLocker) pass(ctx context.Context, silent *atomic.Bool) error {
	if s.silent.Load() || silent.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if s.down.Load() {
		return errServer
	}
	return nil
}

func (s *spyLocker) TryLock(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
	s.tries.Add(1)
	if err := s.pass(ctx, &s.silent); err != nil {
		return nil, err
	}
	if s.losing.Load() {
		ttl = time.Nanosecond
	}
	lease, err := s.Locker.TryLock(ctx, name, ttl)
	if lease == nil {
		return nil, err
	}
	return spyLease{lease, s}, err
}

// spyLease is a lease of a spyLocker.
type spyLease struct {
	core.Lease
	locks *spyLocker
}

func (l spyLease) Renew(ctx context.Context, ttl time.Duration) error {
	if err := l.locks.pass(ctx, &l.locks.silentLease); err != nil {
		return err
	}
	return l.Lease.Renew(ctx, ttl)
}

func (l spyLease) Release(ctx context.Context) error {
	if err := l.locks.pass(ctx, &l.locks.silentLease); err != nil {
		return err
	}
	return l.Lease.Release(ctx)
}

func (s *spyLocker) Wait(ctx context.Context, name string) error {
	s.waits.Add(1)
	if err := s.pass(ctx, &s.silentWait); err != nil {
		return err
	}
	return s.Locker.Wait(ctx, name)
}

// cluster is a number of nodes that share a lock.
type cluster struct {
	*network
	locks *spyLocker
	nodes []*hybrid.Cache[int]
}

func startCluster(t *testing.T, n int, defaults core.EntryOptions) *cluster {
	t.Helper()
	c := &cluster{network: newNetwork(t), locks: newSpyLocker()}
	for range n {
		o := c.join(defaults)
		o.Locker = c.locks
		c.nodes = append(c.nodes, open[int](t, o))
	}
	time.Sleep(5 * time.Second) // all have joined, and know each other
	return c
}

func locked() core.EntryOptions {
	return core.EntryOptions{TTL: time.Minute, NodeLock: 10 * time.Second}
}

// stampede is a crowd of 100 at each node. It expects v, and that all have it
// after took.
func (c *cluster) stampede(t *testing.T, f *F[int], v int, took time.Duration, opts ...core.Option) {
	t.Helper()
	start := time.Now()
	crowd(100*len(c.nodes), func(i int) {
		got, err := c.nodes[i%len(c.nodes)].GetOrSet(t.Context(), "k", f.load, opts...)
		if got != v || err != nil {
			t.Errorf("got %v, %v", got, err)
		}
	})
	if got := time.Since(start); got != took {
		t.Errorf("the stampede took %v, want %v", got, took)
	}
}

func TestSeed_ST1_NodeLock_OneLoadForAStampedeOnAllNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 3, locked())
		f := &F[int]{delay: 20 * time.Second / 3, results: []func() (int, error){returns(7)}}
		c.stampede(t, f, 7, f.delay)
		expectCalls(t, f, 1)
		for _, node := range c.nodes {
			expectHit(t, node, 7)
		}
	})
}

func TestNodeLock_WithoutItEveryNodeLoads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 3, locked())
		f := &F[int]{delay: time.Second, results: []func() (int, error){returns(7)}}
		c.stampede(t, f, 7, time.Second, core.NodeLock(0))
		expectCalls(t, f, 3)
		expectCount(t, "tries", &c.locks.tries, 0)
	})
}

// The lease is renewed for as long as the load takes.
func TestNodeLock_LongLoadKeepsTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := locked()
		o.NodeLock = time.Minute
		c := startCluster(t, 3, o)
		f := &F[int]{delay: 28 * time.Second, results: []func() (int, error){returns(7)}}
		c.stampede(t, f, 7, f.delay)
		expectCalls(t, f, 1)
	})
}

// A write that goes on in the background would end after the lock is free.
func TestNodeLock_OthersFindTheResultAlsoWithBackgroundWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 3, locked())
		c.slowLayer.set.be(100 * time.Millisecond)
		f := &F[int]{delay: time.Second, results: []func() (int, error){returns(7)}}
		c.stampede(t, f, 7, 1100*time.Millisecond, core.BackgroundWrites(true))
		expectCalls(t, f, 1)
	})
}

// Nor can a factory have it go on there.
func TestNodeLock_OthersFindTheResultWhateverTheFactorySays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 3, locked())
		c.slowLayer.set.be(100 * time.Millisecond)
		f := &F[int]{delay: time.Second, results: []func() (int, error){returns(7)}}
		crowd(len(c.nodes), func(i int) {
			v, err := c.nodes[i].GetOrRefresh(t.Context(), "k", func(ctx context.Context, l *hybrid.Load[int]) (int, error) {
				l.Options(core.BackgroundWrites(true))
				return f.load(ctx, l.Key)
			})
			if v != 7 || err != nil {
				t.Errorf("got %v, %v", v, err)
			}
		})
		expectCalls(t, f, 1)
	})
}

func TestNodeLock_PatienceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 2, locked())
		foreign, err := c.locks.Locker.TryLock(t.Context(), "app:1:l:v:k", time.Hour)
		if err != nil || foreign == nil {
			t.Fatal(foreign, err)
		}
		f := &F[int]{results: []func() (int, error){returns(7)}}
		start := time.Now()
		expectAsk(t, c.nodes[0], f, 7, 1)
		if got := time.Since(start); got != 10*time.Second {
			t.Errorf("it waited for %v", got)
		}
		expectHit(t, c.nodes[1], 7)
	})
}

func TestNodeLock_FailedLoadIsNotWaitedForTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 5, locked())
		f := &F[int]{delay: time.Second, results: []func() (int, error){fails[int](errBoom)}}
		start := time.Now()
		crowd(50, func(i int) {
			if _, err := c.nodes[i%5].GetOrSet(t.Context(), "k", f.load); !errors.Is(err, errBoom) {
				t.Errorf("got %v", err)
			}
		})
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("it took %v", got)
		}
		expectCalls(t, f, 5)
	})
}

func TestNodeLock_LoadsGoOnWithoutTheService(t *testing.T) {
	for name, fault := range map[string]func(*spyLocker){
		"down":   func(s *spyLocker) { s.down.Store(true) },
		"silent": func(s *spyLocker) { s.silent.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := startCluster(t, 1, locked())
				failures := tally(c.nodes[0], core.LayerFailed)
				fault(c.locks)
				f := &F[int]{results: []func() (int, error){returns(7)}}
				start := time.Now()
				expectAsk(t, c.nodes[0], f, 7, 1)
				if got := time.Since(start); got > core.DefaultDistributedTimeout {
					t.Errorf("it waited for %v", got)
				}
				// For a second the service is left alone.
				if _, err := c.nodes[0].GetOrSet(t.Context(), "j", f.load); err != nil {
					t.Error(err)
				}
				expectCount(t, "tries", &c.locks.tries, 1)
				expectCount(t, "events", failures, 1)
			})
		})
	}
}

// The lock is lost at once; what the load brings is stored by comparison.
func TestNodeLock_LostLeaseDoesNoHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 2, locked())
		c.locks.losing.Store(true)
		f := &F[int]{delay: 4 * time.Second, results: []func() (int, error){returns(7), returns(8)}}
		crowd(2, func(i int) {
			if _, err := c.nodes[i].GetOrSet(t.Context(), "k", f.load); err != nil {
				t.Error(err)
			}
		})
		a, _, _ := c.nodes[0].Get(t.Context(), "k")
		b, _, _ := c.nodes[1].Get(t.Context(), "k")
		if a != b {
			t.Errorf("the nodes hold %d and %d", a, b)
		}
	})
}

// Nothing is gained by a lock if the result cannot be shared, or the server was
// not read.
func TestNodeLock_IsNotTakenWhereItHelpsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 1, locked())
		f := &F[int]{results: []func() (int, error){returns(7)}}
		ask(t, c.nodes[0], f, core.Without(core.SkipDistributedRead|core.SkipMemoryRead))
		ask(t, c.nodes[0], f, core.Without(core.SkipDistributedWrite|core.SkipMemoryRead))
		c.down.Store(true)
		ask(t, c.nodes[0], f, core.Without(core.SkipMemoryRead))
		expectCount(t, "tries", &c.locks.tries, 0)
	})
}

// While the others wait, the price is written: that is what they get, and what
// stays.
func TestNodeLock_WriteDuringTheLoadWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 3, locked())
		f := &F[int]{delay: 2 * time.Second, results: []func() (int, error){returns(1)}}
		go func() {
			time.Sleep(time.Second)
			set(t, c.nodes[2], 99)
		}()
		crowd(2, func(i int) { _, _ = c.nodes[i].GetOrSet(t.Context(), "k", f.load) })
		for _, node := range c.nodes {
			expectHit(t, node, 99)
		}
	})
}

func TestNodeLock_CallersKeepTheirOwnPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 2, locked())
		f := &F[int]{delay: 5 * time.Second, results: []func() (int, error){returns(7)}}
		go func() { _, _ = c.nodes[0].GetOrSet(context.Background(), "k", f.load) }()
		time.Sleep(time.Second)
		start := time.Now()
		expectFailure(t, c.nodes[1], f, core.ErrFactoryTimeout, core.HardTimeout(time.Second))
		if got := time.Since(start); got != time.Second {
			t.Errorf("it waited for %v", got)
		}
		time.Sleep(4 * time.Second)
		expectCalls(t, f, 1)
	})
}

func TestNodeLock_WaitsAreEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 2, locked())
		events := []*watcher{watch(c.nodes[0], core.LockWaited), watch(c.nodes[1], core.LockWaited)}
		f := &F[int]{delay: time.Second, results: []func() (int, error){returns(7)}}
		c.stampede(t, f, 7, time.Second)
		all := append(events[0].all(), events[1].all()...)
		if len(all) != 1 || all[0].Took != time.Second || all[0].Level != core.LevelLock {
			t.Errorf("got %+v", all)
		}
	})
}

func TestNodeLock_CloseReleasesTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 1, locked())
		f := &F[int]{delay: time.Second, results: []func() (int, error){returns(7)}}
		ask(t, c.nodes[0], f)
		if err := c.nodes[0].Stack().Close(t.Context()); err != nil {
			t.Error(err)
		}
		if lease, err := c.locks.Locker.TryLock(t.Context(), "app:1:l:v:k", time.Hour); err != nil || lease == nil {
			t.Errorf("got %v, %v after Close", lease, err)
		}
	})
}

func TestNodeLock_BadOptionsAreNamed(t *testing.T) {
	o := hybrid.Options{Memory: new(mapMemory), Locker: newSpyLocker()}
	_, err := hybrid.New(o)
	expectOption(t, err, "Options.Locker")
	_, err = hybrid.New(hybrid.Options{Memory: new(mapMemory), Defaults: locked()})
	expectOption(t, err, "Options.Defaults.NodeLock")
	c := open[int](t, hybrid.Options{})
	_, err = hybrid.Of[int](c.Stack(), "locked", core.NodeLock(time.Second))
	expectOption(t, err, "EntryOptions.NodeLock")
	_, err = c.GetOrSet(t.Context(), "k", new(F[int]).load, core.NodeLock(time.Second))
	expectOption(t, err, "EntryOptions.NodeLock")
}

func TestNodeLock_BesideALayerThatDoesNotCompareIsAdvisedAgainst(t *testing.T) {
	s := newServer(t)
	for layer, want := range map[core.DistributedLayer]int64{s: 0, s.plain(): 1} {
		p := &listening{mask: core.Advice}
		open[int](t, hybrid.Options{Distributed: layer, Locker: newSpyLocker(), Plugins: []core.Plugin{p}})
		if got := p.n.Load(); got != want {
			t.Errorf("%T: %d pieces of advice, want %d", layer, got, want)
		}
	}
}

// Each key of a batch has the lock of its own: batches of several nodes that overlap
// load no key twice, and do not wait for each other in a circle.
func TestNodeLock_BatchesOfSeveralNodesLoadEachKeyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 3, locked())
		var loads [3]M
		keys := []string{"a", "bb", "ccc", "dddd", "eeeee"}
		start := time.Now()
		crowd(3, func(i int) {
			loads[i].delay = time.Second
			own := append(slices.Clone(keys[i:]), keys[:i]...)
			got, err := c.nodes[i].GetOrSetMany(t.Context(), own, loads[i].load)
			expectMany(t, got, err, "a bb ccc dddd eeeee")
		})
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("the batches took %v", took)
		}
		asked := map[string]int{}
		for i := range loads {
			for _, call := range loads[i].asked {
				for _, key := range call {
					asked[key]++
				}
			}
		}
		for _, key := range keys {
			if asked[key] != 1 {
				t.Errorf("%s was loaded %d times", key, asked[key])
			}
		}
	})
}
