// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"errors"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// The server keeps what fail-safe can serve: a node that starts while the source
// is down has something to serve.
func TestSeed_FS7_NewNodeServesStaleFromTheServer(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, w world) {
		t.Parallel()
		o := core.EntryOptions{TTL: 500 * time.Millisecond, StaleTTL: time.Hour}
		a := start(t, w, setting{Options: hybrid.Options{Defaults: o}})
		a.commit(t, "k", 1)
		begin := time.Now()
		a.close(t)
		at(begin, 600*time.Millisecond)

		c := start(t, w, setting{Options: hybrid.Options{Defaults: o}})
		c.wantMiss(t, "k")
		f := broken()
		c.ask(t, "k", f, 1)
		f.want(t, 1)
		if c.count(core.FailSafeActivated) != 1 || c.count(core.StaleHit) != 1 {
			t.Error("the answer is not marked as stale")
		}
		c.ask(t, "k", f, 1)
		f.want(t, 1) // the window is open
		without := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Second}}})
		if v, err := without.GetOrSet(t.Context(), "k", f.load); !errors.Is(err, errBoom) {
			t.Errorf("without fail-safe: %d, %v", v, err)
		}
	})
}

// What is fresh on the server is better than what is stale in memory.
func TestSeed_FS8_FreshOnTheServerBeatsStaleInMemory(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, w world) {
		t.Parallel()
		a, b := pair(t, w, core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour})
		slower3(t, func(factor time.Duration) error {
			before := b.count(core.MessageReceived)
			a.commit(t, "k", 1, core.TTL(factor*300*time.Millisecond))
			soon(t, patience, "a message to arrive", func() bool { return b.count(core.MessageReceived) > before })
			if !b.has(t, "k", 1) {
				return errors.New("B did not read a copy while it was fresh")
			}
			return nil
		})
		soon(t, patience, "B's copy to expire", func() bool { return b.misses(t, "k") })
		heard := b.count(core.MessageReceived)
		// The notification is lost.
		a.commit(t, "k", 2, core.TTL(time.Minute), core.Without(core.SkipNotify))
		f := broken()
		b.ask(t, "k", f, 2, core.TTL(time.Minute))
		if n := f.calls.Load(); n != 0 {
			t.Errorf("the factory was called %d times although the server has the value", n)
		}
		if n := b.count(core.MessageReceived) - heard; n != 0 {
			t.Errorf("B was told after all, %d times", n)
		}
	})
}
