// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

func TestFill_StoresOnAllLevelsAndTellsTheNodes(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		n.load(t, 1, n.loads.begin("k"), n.seen(t))
		n.holds(t, 1, core.Fresh)
		n.stored(t, "1")
		n.told(t, wire.MessageSet)
	})
}

func TestFill_OfARevokedLoadIsStoredNowhere(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		token, seen := n.loads.begin("k"), n.seen(t)
		n.loads.Revoke("k")
		n.load(t, 1, token, seen)
		n.holdsNothing(t)
		n.nothingStored(t)
		if n.events.count(core.Fenced) != 1 {
			t.Errorf("%d events", n.events.count(core.Fenced))
		}
	})
}

// Otherwise this node alone would go on with what the others have been told to
// drop.
func TestFill_ThatSkipsMemoryLeavesNothingOlderFreshThere(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		n.load(t, 1, n.loads.begin("k"), n.seen(t))
		n.load(t, 2, n.loads.begin("k"), n.seen(t), core.Without(core.SkipMemoryRead|core.SkipMemoryWrite))
		n.stored(t, "2")
		n.holds(t, 1, core.Stale)
	})
}

// nothingStored checks that neither the server nor the nodes have heard anything.
func (n *node) nothingStored(t *testing.T) {
	t.Helper()
	n.told(t)
	if changes := n.server.changes.Load(); changes != 0 {
		t.Errorf("the server was changed %d times", changes)
	}
}

func TestFill_ThatIsRevokedWhileItWaitsForItsTurn(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		token, seen := n.loads.begin("k"), n.seen(t)
		turn := n.writer.Order.Enter("k")
		var load sync.WaitGroup
		load.Go(func() { n.load(t, 1, token, seen) })
		synctest.Wait()
		n.holds(t, 1, core.Fresh) // memory has it
		n.loads.Revoke("k")
		_ = turn.Do(t.Context(), func(context.Context) {})
		load.Wait()
		n.nothingStored(t)
		n.holds(t, 1, core.Stale) // no other node has it
	})
}

func TestFill_RefusedByTheServerIsTakenOutOfMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, other := newNode(t, true), newNode(t, true)
		other.server.store = n.server.store
		token, seen := n.loads.begin("k"), n.seen(t)
		if _, err := other.set(t, 2); err != nil { // and nobody tells n
			t.Fatal(err)
		}
		n.load(t, 1, token, seen)
		n.holds(t, 1, core.Stale)
		n.stored(t, "2")
		n.told(t)
		if n.events.count(core.Fenced) != 1 {
			t.Errorf("%d events", n.events.count(core.Fenced))
		}
	})
}

func TestFill_ThatFailsStaysInMemoryAndTellsNobody(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		token, seen := n.loads.begin("k"), n.seen(t)
		n.server.broken.Store(true)
		n.load(t, 1, token, seen)
		n.holds(t, 1, core.Fresh)
		n.told(t)
		if n.events.count(core.LayerFailed) != 1 {
			t.Errorf("%d events", n.events.count(core.LayerFailed))
		}
	})
}

func TestFill_LeavesAloneWhatIsForeign(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		if err := n.server.store.Set(t.Context(), "e:k", []byte("not ours"), time.Hour); err != nil {
			t.Fatal(err)
		}
		seen := n.seen(t)
		if !seen.Foreign {
			t.Errorf("seen %+v", seen)
		}
		n.load(t, 1, n.loads.begin("k"), seen)
		n.holds(t, 1, core.Fresh)
		n.nothingStored(t)
	})
}

func TestFill_WithoutALookAtTheServerBefore(t *testing.T) {
	for decides, want := range map[bool]int64{true: 0, false: 1} {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t, decides)
			n.load(t, 1, n.loads.begin("k"), nil)
			n.holds(t, 1, core.Fresh)
			if got := n.server.changes.Load(); got != want {
				t.Errorf("server that decides: %v: %d changes, want %d", decides, got, want)
			}
		})
	}
}

func TestFill_ThatTookTooLongIsStoredNowhere(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		token, seen := n.loads.begin("k"), n.seen(t)
		o := options()
		slow := func(context.Context, core.Request) (core.Result, error) {
			born := n.clock.Now()
			time.Sleep(31 * time.Second)
			return core.Result{Entry: core.Live(1, o.Meta(born, n.clock.Now()))}, nil
		}
		n.commit(t, slow, core.Request{Key: "k", Options: o, Codec: codec, Token: token, Seen: seen})
		n.holdsNothing(t)
		n.nothingStored(t)
	})
}

func TestFill_OfAnErrorStoresNothing(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		n.commitNothing(t)
		n.holdsNothing(t)
		n.nothingStored(t)
	})
}

func (n *node) commitNothing(t *testing.T) {
	t.Helper()
	failing := func(context.Context, core.Request) (core.Result, error) { return core.Result{}, errBroken }
	r := core.Request{Key: "k", Options: options(), Codec: codec, Token: n.loads.begin("k"), Seen: n.seen(t)}
	if _, err := coherence.Commit(n.writer)(failing)(t.Context(), r); err != errBroken {
		t.Errorf("got %v", err)
	}
}
