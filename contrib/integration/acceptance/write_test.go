// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSeed_CM3_NodeReadsItsOwnWriteWithoutTheServer(t *testing.T) {
	everywhereConnected(t, func(t *testing.T, w world) {
		a := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}})
		a.commit(t, "k", 1)
		a.cutOff()
		for v := range 20 {
			if outcome := a.set(t, "k", v); outcome != core.LocalOnly {
				t.Errorf("without the server, a set says %v", outcome)
			}
			a.want(t, "k", v)
		}
		if _, err := a.Set(t.Context(), "k", 2, core.ReturnLayerErrors(true)); err == nil {
			t.Error("a set that was asked for errors returns none")
		}
		a.want(t, "k", 2)
	})
}

// patiences are the configurations of time limits that a factory can have.
var patiences = map[string]core.EntryOptions{
	"none":          {},
	"safe":          {StaleTTL: time.Hour},
	"soft":          {StaleTTL: time.Hour, SoftTimeout: time.Second},
	"hard":          {HardTimeout: 5 * time.Second},
	"soft and hard": {StaleTTL: time.Hour, SoftTimeout: time.Second, HardTimeout: 5 * time.Second},
	"soft as hard":  {StaleTTL: time.Hour, SoftTimeout: time.Second, HardTimeout: time.Second},
	"strict":        {StaleTTL: time.Hour, HardTimeout: 5 * time.Second, StrictHardTimeout: true},
	"cancelling":    {StaleTTL: time.Hour, SoftTimeout: time.Second, HardTimeout: 5 * time.Second, CancelOnTimeout: true},
	"in background": {StaleTTL: time.Hour, SoftTimeout: time.Second, BackgroundWrites: true},
}

func TestSeed_CM3_OneSetAndOnePublishPerWriteInEveryConfiguration(t *testing.T) {
	w := startRedis(t)
	p := listen(t, w)
	for name, o := range patiences {
		t.Run(name, func(t *testing.T) {
			o.TTL = time.Minute
			a := start(t, w, setting{Options: hybrid.Options{Defaults: o}, app: strings.ReplaceAll(name, " ", "-")})
			once := func(what string, do func()) {
				p.reset(t)
				do()
				soon(t, patience, what+" to reach the server", func() bool { return len(p.messages(t, a.stack.Name())) > 0 })
				if n := p.calls(t, a.stack.Name(), "set"); n != 1 {
					t.Errorf("%s made %d SETs, want 1", what, n)
				}
				if n := len(p.messages(t, a.stack.Name())); n != 1 {
					t.Errorf("%s made %d PUBLISHes, want 1", what, n)
				}
			}
			once("a set", func() { a.set(t, "k", 1) })
			once("a factory", func() { a.ask(t, "cold", gives(2), 2) })
			once("an expiry", func() {
				if _, err := a.Expire(t.Context(), "cold"); err != nil {
					t.Error(err)
				}
			})
			once("another factory", func() { a.ask(t, "cold", gives(3), 3) })
		})
	}
}

func TestSeed_CM6_RemovedEverywhere(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour})
		a.commit(t, "k", 1)
		b.want(t, "k", 1)
		if outcome, err := a.Remove(t.Context(), "k"); outcome != core.Committed || err != nil {
			t.Errorf("remove: %v, %v", outcome, err)
		}
		a.wantMiss(t, "k")
		soon(t, time.Second, "the removal to reach B", func() bool { return b.misses(t, "k") })
		if r, ok := w.(redisWorld); ok {
			r.wantGone(t, "app", "k")
		}
		for name, n := range map[string]*node{"A": a, "B": b} {
			if v, err := n.GetOrSet(t.Context(), "k", broken().load); !errors.Is(err, errBoom) {
				t.Errorf("%s serves %d, %v after the removal, want the error of the factory", name, v, err)
			}
			n.wantMiss(t, "k", core.AllowStale(true))
		}
	})
}

func TestSeed_CM6_ExpiredEverywhereAndKeptForFailSafe(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, Throttle: time.Millisecond})
		a.commit(t, "k", 1)
		b.want(t, "k", 1)
		if outcome, err := a.Expire(t.Context(), "k"); outcome != core.Committed || err != nil {
			t.Errorf("expire: %v, %v", outcome, err)
		}
		soon(t, time.Second, "the expiry to reach B", func() bool { return b.misses(t, "k") })
		for name, n := range map[string]*node{"A": a, "B": b} {
			n.wantMiss(t, "k")
			f := broken()
			n.ask(t, "k", f, 1)
			if f.calls.Load() != 1 {
				t.Errorf("%s did not ask its factory", name)
			}
		}
		// The window that the failure has opened ends by itself.
		soon(t, time.Second, "A to ask its factory again", func() bool {
			v, err := a.GetOrSet(t.Context(), "k", gives(2).load)
			return v == 2 && err == nil
		})
		soon(t, time.Second, "the new value on B", func() bool { return b.has(t, "k", 2) })
	})
}

func TestSeed_BL16_ForegroundWriteIsThereWhenSetReturns(t *testing.T) {
	w := startRedis(t)
	a := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}})
	for i := range 50 {
		a.commit(t, "k", i)
		fresh := start(t, w, setting{}) // its memory is empty
		fresh.want(t, "k", i)
		fresh.close(t)
	}
}

func TestSeed_BL16_BackgroundWriteGetsThereLater(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Minute, BackgroundWrites: true})
		for i := range 50 {
			if outcome := a.set(t, "k", i); outcome != core.LocalOnly {
				t.Errorf("a background write says %v", outcome)
			}
			a.want(t, "k", i)
		}
		soon(t, patience, "the last value on B", func() bool { return b.has(t, "k", 49) })
	})
}
