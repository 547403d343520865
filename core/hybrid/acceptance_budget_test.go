// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// hangingNode is a node, every blocking point of which can be made to hang.
type hangingNode struct {
	*hybrid.Cache[int]
	layer *slowLayer
	bus   *slowBus
	locks *spyLocker
	f     *F[int]
}

func newHangingNode(t *testing.T, arbitrates bool, subscribe time.Duration, o core.EntryOptions) *hangingNode {
	t.Helper()
	store := hybrid.Must(localdist.New(nil))
	channel := hybrid.Must(localbus.NewBus(nil)).Channel(hybrid.Channel("app"))
	n := &hangingNode{
		layer: &slowLayer{DistributedLayer: store},
		bus:   &slowBus{Backplane: channel},
		locks: newSpyLocker(),
		f:     &F[int]{delay: 100 * time.Millisecond, results: []func() (int, error){returns(2)}},
	}
	n.bus.subscribe.be(subscribe)
	var layer core.DistributedLayer = n.layer
	if arbitrates {
		layer = arbitrated{n.layer, store}
	}
	n.Cache = open[int](t, hybrid.Options{Distributed: layer, Backplane: n.bus, Locker: n.locks, Defaults: o})
	t.Cleanup(func() { n.be(0) })
	synctest.Wait()
	return n
}

// lockElsewhere has another node, which dies, hold the locks of the keys, and the
// lock service keep silent about when they are free.
func (n *hangingNode) lockElsewhere(t *testing.T, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if lease, err := n.locks.Locker.TryLock(t.Context(), "app:1:l:v:"+key, time.Hour); lease == nil || err != nil {
			t.Fatal(lease, err)
		}
	}
	n.locks.silentWait.Store(true)
}

// be makes every operation of the layer and of the bus take d.
func (n *hangingNode) be(d time.Duration) {
	for _, s := range []*slowness{&n.layer.get, &n.layer.set, &n.layer.del, &n.bus.publish, &n.bus.subscribe} {
		s.be(d)
	}
}

// TO-1: what a caller waits for at most, at each point that can hang. D is
// DistributedTimeout, S DistributedSoftTimeout, N NodeLock, H HardTimeout, F the time
// of the factory, 100 ms. The table is that of docs/guarantees.md.
func TestSeed_TO1_EveryWaitHasABudget(t *testing.T) {
	const (
		D = 200 * time.Millisecond
		S = 50 * time.Millisecond
		N = 300 * time.Millisecond
		H = time.Second
		F = 100 * time.Millisecond
	)
	for _, point := range []struct {
		name      string
		hang      func(*hangingNode)
		held      bool // another node has the locks
		subscribe time.Duration
		cold      time.Duration
		stale     time.Duration // with a stale entry in memory
		fails     bool          // a cold caller gets an error
	}{
		{name: "nothing", hang: func(*hangingNode) {}, cold: F, stale: F},
		{name: "read", hang: func(n *hangingNode) { n.layer.get.be(hang) }, cold: D + F, stale: S + F},
		{name: "write", hang: func(n *hangingNode) { n.layer.set.be(hang) }, cold: F + D, stale: F + D},
		{name: "publication", hang: func(n *hangingNode) { n.bus.publish.be(hang) }, cold: F + D, stale: F + D},
		{name: "subscription", hang: func(*hangingNode) {}, subscribe: hang, cold: F, stale: F},
		{name: "lock", hang: func(n *hangingNode) { n.locks.silent.Store(true) }, cold: D + F, stale: D + F},
		{name: "lock of another node", held: true, hang: func(*hangingNode) {}, cold: N + F, stale: N + F},
		{name: "lease", hang: func(n *hangingNode) { n.locks.silentLease.Store(true) }, cold: F, stale: F},
		{name: "factory", hang: func(n *hangingNode) { n.f.delay = hang }, cold: H, stale: H, fails: true},
		{name: "everything", subscribe: hang, cold: D + H, stale: S + H, fails: true, hang: func(n *hangingNode) {
			n.be(hang)
			n.locks.silent.Store(true)
			n.f.delay = hang
		}},
	} {
		for _, arbitrates := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, arbitrated %v", point.name, arbitrates), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := newHangingNode(t, arbitrates, point.subscribe, core.EntryOptions{
						TTL: time.Minute, StaleTTL: time.Hour, HardTimeout: H, CancelOnTimeout: true,
						DistributedTimeout: D, DistributedSoftTimeout: S, NodeLock: N,
					})
					set(t, n.Cache, 1)
					time.Sleep(61 * time.Second)
					point.hang(n)
					if point.held {
						n.lockElsewhere(t, "cold", "k")
					}
					within(t, point.cold, func() {
						v, err := n.GetOrSet(t.Context(), "cold", n.f.load)
						if point.fails != errors.Is(err, core.ErrFactoryTimeout) || (!point.fails && v != 2) {
							t.Errorf("cold: got %d, %v", v, err)
						}
					})
					within(t, point.stale, func() {
						want := 2
						if point.fails {
							want = 1
						}
						if v := ask(t, n.Cache, n.f); v != want {
							t.Errorf("stale: got %d, want %d", v, want)
						}
					})
					took(t, 0, func() { ask(t, n.Cache, n.f) })
				})
			})
		}
	}
}

// within checks that call takes no more than the budget.
func within(t *testing.T, budget time.Duration, call func()) {
	t.Helper()
	start := time.Now()
	call()
	if got := time.Since(start); got > budget {
		t.Errorf("took %v, the budget is %v", got, budget)
	}
}

// A lease that is not renewed, and one that is not released, are nothing that a caller
// waits for. Close does, for as long as they are of use.
func TestSeed_TO1_ALeaseThatHangsHoldsUpCloseForALittle(t *testing.T) {
	const load = 2 * time.Second // which is long enough for a renewal
	for _, test := range []struct {
		name            string
		limit, patience time.Duration // of the server, and of Close
		closes          time.Duration
		fails           bool
	}{
		{"which has a limit", 200 * time.Millisecond, time.Minute, 200 * time.Millisecond, false},
		{"for whose life there is patience", core.Forever, time.Minute, 10 * time.Second, false},
		{"for which there is no patience", core.Forever, time.Second, time.Second, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net, locks := newNetwork(t), newSpyLocker()
				o := net.join(core.EntryOptions{TTL: time.Minute, NodeLock: time.Second, DistributedTimeout: test.limit})
				o.Locker = locks
				c := closable(t, o)
				synctest.Wait()
				locks.silentLease.Store(true)
				f := &F[int]{delay: load, results: []func() (int, error){returns(1)}}
				took(t, load, func() { expectAsk(t, c, f, 1, 1) })
				within(t, test.closes, func() {
					if err := closeWithin(t, c, test.patience); (err != nil) != test.fails {
						t.Errorf("Close: %v", err)
					}
				})
			})
		})
	}
}

// A caller that can give up at no time, and has set no limits, still gets past a
// server that hangs.
func TestSeed_TO1_AHungServerIsNotInTheWayOfAPatientCaller(t *testing.T) {
	for _, arbitrates := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			n := newHangingNode(t, arbitrates, 0, core.EntryOptions{TTL: time.Minute})
			n.layer.get.be(hang)
			n.layer.set.be(hang)
			within(t, 4*core.DefaultDistributedTimeout+100*time.Millisecond, func() {
				if v, err := n.GetOrSet(context.Background(), "k", n.f.load); v != 2 || err != nil {
					t.Errorf("got %d, %v", v, err)
				}
			})
			took(t, 0, func() { expectHit(t, n.Cache, 2) })
			within(t, core.DefaultDistributedTimeout, func() {
				if _, ok, err := n.Get(context.Background(), "absent"); ok || err != nil {
					t.Errorf("got %v, %v", ok, err)
				}
			})
		})
	}
}

// The factory was in time: that its result is on the way to a slow server is no
// reason to keep it from the caller.
func TestSeed_TO1_AHungServerIsNoReasonForAFactoryTimeout(t *testing.T) {
	for _, limit := range []core.Option{core.HardTimeout(500 * time.Millisecond), core.StrictHardTimeout(true)} {
		synctest.Test(t, func(t *testing.T) {
			n := newHangingNode(t, true, 0, core.EntryOptions{TTL: time.Minute, HardTimeout: 500 * time.Millisecond})
			set(t, n.Cache, 0)
			n.layer.set.be(hang)
			within(t, 500*time.Millisecond, func() {
				if v, err := n.GetOrSet(t.Context(), "cold", n.f.load, limit); v != 2 || err != nil {
					t.Errorf("got %d, %v", v, err)
				}
			})
		})
	}
}

// Nor is it one that the server is asked, before the load, what it has to say.
func TestSeed_TO1_AHungServerUsesUpNoneOfTheFactorysTime(t *testing.T) {
	for _, arbitrates := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			n := newHangingNode(t, arbitrates, 0, core.EntryOptions{TTL: time.Minute, HardTimeout: 200 * time.Millisecond})
			for range 3 {
				n.layer.get.be(hang)
				key := time.Now().String()
				within(t, core.DefaultDistributedTimeout+200*time.Millisecond, func() {
					if v, err := n.GetOrSet(t.Context(), key, n.f.load); v != 2 || err != nil {
						t.Errorf("got %d, %v", v, err)
					}
				})
				n.layer.get.be(0)
				time.Sleep(10 * time.Second)
			}
		})
	}
}
