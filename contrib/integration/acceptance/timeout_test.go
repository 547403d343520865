// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// The limits of the table below, and what a busy machine may add.
const (
	softLimit   = 50 * time.Millisecond
	hardLimit   = 400 * time.Millisecond
	serverLimit = 150 * time.Millisecond
	serverSoft  = 20 * time.Millisecond
	slack       = 100 * time.Millisecond
)

// hangs are the places where a call can block, with what GetOrSet may take then:
// for a key that nobody has, and for one with a stale copy in memory.
var hangs = map[string]struct {
	hang        func(n *node)
	cold, stale time.Duration
}{
	"read of the server": {
		hang: func(n *node) { n.spy.hangReads.Store(true) },
		cold: serverLimit, stale: serverSoft,
	},
	"write to the server": {
		hang: func(n *node) { n.spy.hangWrites.Store(true) },
		cold: serverLimit, stale: softLimit,
	},
	"publication": {
		hang: func(n *node) { n.bus.publish.Store(true) },
		cold: serverLimit, stale: softLimit,
	},
	"subscription": {
		hang: func(n *node) { n.bus.subscribe.Store(true); n.net.Cut() },
		cold: 0, stale: 0,
	},
	"network": {
		hang: func(n *node) { n.net.Hang() },
		cold: serverLimit, stale: serverSoft,
	},
}

func impatient() core.EntryOptions {
	return core.EntryOptions{
		TTL: time.Minute, StaleTTL: time.Hour, SoftTimeout: softLimit, HardTimeout: hardLimit,
		DistributedTimeout: serverLimit, DistributedSoftTimeout: serverSoft,
	}
}

func TestSeed_TO1_EveryBlockingPointIsBounded(t *testing.T) {
	everywhereConnected(t, func(t *testing.T, w world) {
		for name, point := range hangs {
			t.Run(name, func(t *testing.T) {
				within3(t, func() error {
					a := start(t, w, setting{Options: hybrid.Options{Defaults: impatient()}})
					a.commit(t, "stale", 1)
					_, _ = a.Expire(t.Context(), "stale")
					point.hang(a)
					defer a.heal()
					cold := timed(func() { a.ask(t, "cold", gives(2), 2) })
					if cold > point.cold+slack {
						return tooSlow("a cold key", cold, point.cold)
					}
					f := gives(2)
					stale := timed(func() {
						if v, err := a.GetOrSet(t.Context(), "stale", f.load); err != nil || v == 0 {
							t.Errorf("stale key: %d, %v", v, err)
						}
					})
					if stale > point.stale+slack {
						return tooSlow("a stale key", stale, point.stale)
					}
					return nil
				})
			})
		}
	})
}

func TestSeed_TO1_WritesAreBounded(t *testing.T) {
	everywhereConnected(t, func(t *testing.T, w world) {
		for name, point := range hangs {
			t.Run(name, func(t *testing.T) {
				within3(t, func() error {
					a := start(t, w, setting{Options: hybrid.Options{Defaults: impatient()}})
					a.commit(t, "warm", 1)
					point.hang(a)
					defer a.heal()
					// The server, and then the other nodes, each have their limit.
					const limit = 2 * serverLimit
					if d := timed(func() { a.set(t, "k", 1) }); d > limit+slack {
						return tooSlow("a set", d, limit)
					}
					a.want(t, "k", 1)
					if d := timed(func() { a.set(t, "b", 1, core.BackgroundWrites(true)) }); d > slack {
						return tooSlow("a background set", d, 0)
					}
					return nil
				})
			})
		}
	})
}

func TestSeed_TO1_FactoryThatHangsIsBounded(t *testing.T) {
	w := startRedis(t)
	within3(t, func() error {
		a := start(t, w, setting{Options: hybrid.Options{Defaults: impatient()}})
		a.commit(t, "stale", 1)
		_, _ = a.Expire(t.Context(), "stale")
		f := &F[int]{delay: 2 * time.Second, results: []func() (int, error){returns(2)}}
		if d := timed(func() { a.ask(t, "stale", f, 1) }); d > softLimit+slack {
			return tooSlow("a stale key", d, softLimit)
		}
		var err error
		if d := timed(func() { _, err = a.GetOrSet(t.Context(), "cold", f.load) }); d > hardLimit+slack {
			return tooSlow("a cold key", d, hardLimit)
		}
		if !errors.Is(err, core.ErrFactoryTimeout) {
			t.Errorf("a cold key: %v, want ErrFactoryTimeout", err)
		}
		return nil
	})
}

// The row TO-2 on a real server: a factory that takes 3 s where callers wait for
// 1 s, and what becomes of its result.
func TestSeed_TO8_ResultOfTheBackgroundReachesAllLevelsOnce(t *testing.T) {
	t.Parallel()
	w := startRedis(t)
	within3(t, func() error {
		o := core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, SoftTimeout: time.Second}
		app := fmt.Sprint("app", time.Now().UnixNano())
		a := start(t, w, setting{Options: hybrid.Options{Defaults: o}, app: app})
		b := start(t, w, setting{Options: hybrid.Options{Defaults: o}, app: app, objects: true})
		p := listen(t, w)
		a.spread(t, "k", 1, b)
		b.want(t, "k", 1)
		_, _ = a.Expire(t.Context(), "k")
		soon(t, patience, "the expiry on B", func() bool { return b.misses(t, "k") })
		p.reset(t)

		f := &F[int]{delay: 3 * time.Second, results: []func() (int, error){returns(2)}}
		begin := time.Now()
		var longest, wrong atomic.Int64
		crowd(100, func(int) {
			v, err := a.GetOrSet(t.Context(), "k", f.load)
			if v != 1 || err != nil {
				wrong.Add(1)
			}
			for d, most := int64(since(begin)), longest.Load(); d > most && !longest.CompareAndSwap(most, d); {
				most = longest.Load()
			}
		})
		if wrong.Load() > 0 {
			t.Errorf("%d of 100 callers did not get the stale value", wrong.Load())
		}
		if d := time.Duration(longest.Load()); d > time.Second+slack {
			return tooSlow("the longest of 100 callers", d, time.Second)
		}
		at(begin, 2900*time.Millisecond)
		soon(t, time.Second, "the result on A", func() bool { return a.has(t, "k", 2) })
		soon(t, time.Second, "the result on B", func() bool { return b.has(t, "k", 2) })
		f.want(t, 1)
		soon(t, patience, "the message, which B may not have needed", func() bool { return len(p.messages(t, app)) > 0 })
		if sets, messages := p.calls(t, app, "set"), p.messages(t, app); sets != 1 || len(messages) != 1 {
			t.Errorf("the result made %d SETs and %d PUBLISHes, want one of each", sets, len(messages))
		}
		return nil
	})
}
