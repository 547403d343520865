// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"errors"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/fusioncache-go/fusioncache/core"
)

// kinds collects the kinds of the events that it is called with.
type kinds []core.Kind

func (k *kinds) hear(ev core.Event) { *k = append(*k, ev.Kind) }

func TestEvents_ReachWhoListensForTheirKind(t *testing.T) {
	e := core.NewEvents("stack")
	var hits, all kinds
	e.Listen("hits", core.Hit|core.StaleHit, hits.hear)
	e.Listen("all", core.AllKinds, all.hear)
	for _, k := range []core.Kind{core.Hit, core.Miss, core.StaleHit} {
		e.Emit(core.Event{Kind: k})
	}
	if want := (kinds{core.Hit, core.StaleHit}); !slices.Equal(hits, want) {
		t.Errorf("the listener for hits got %v, want %v", hits, want)
	}
	if want := (kinds{core.Hit, core.Miss, core.StaleHit}); !slices.Equal(all, want) {
		t.Errorf("the listener for all got %v, want %v", all, want)
	}
}

func TestEvents_CarryTheNameOfTheirStack(t *testing.T) {
	e := core.NewEvents("stack")
	var got core.Event
	e.Listen("x", core.Hit, func(ev core.Event) { got = ev })
	e.Emit(core.Event{Kind: core.Hit, Stack: "other", Key: "k"})
	if got.Stack != "stack" || got.Key != "k" {
		t.Errorf("got %+v", got)
	}
}

func TestEvents_WantsIsTheUnionOfTheMasks(t *testing.T) {
	e := core.NewEvents("stack")
	if e.Wants(core.AllKinds) {
		t.Error("events without listeners want something")
	}
	e.Listen("a", core.Hit, func(core.Event) {})
	e.Listen("b", core.Miss, func(core.Event) {})
	for kind, want := range map[core.Kind]bool{
		core.Hit: true, core.Miss: true, core.Written: false, core.Written | core.Hit: true, 0: false,
	} {
		if got := e.Wants(kind); got != want {
			t.Errorf("Wants(%b) = %v, want %v", kind, got, want)
		}
	}
}

func TestEvents_NilHasNoListeners(t *testing.T) {
	var e *core.Events
	e.Emit(core.Event{Kind: core.Hit})
	if e.Wants(core.AllKinds) {
		t.Error("nil events want something")
	}
}

func TestEvents_AListenerThatPanicsIsMutedAndNamed(t *testing.T) {
	e := core.NewEvents("stack")
	errBroken := errors.New("broken")
	calls := 0
	e.Listen("bad", core.AllKinds, func(core.Event) { calls++; panic(errBroken) })
	var heard []core.Event
	e.Listen("good", core.AllKinds, func(ev core.Event) { heard = append(heard, ev) })

	e.Emit(core.Event{Kind: core.Hit})
	e.Emit(core.Event{Kind: core.Miss})
	if calls != 1 {
		t.Errorf("the bad listener was called %d times, want 1", calls)
	}
	if len(heard) != 3 || heard[0].Kind != core.PluginPanicked || heard[1].Kind != core.Hit || heard[2].Kind != core.Miss {
		t.Fatalf("the good listener heard %+v", heard)
	}
	if heard[0].Detail != "bad" || !errors.Is(heard[0].Err, errBroken) {
		t.Errorf("the panic is reported as %+v", heard[0])
	}
}

func TestEvents_OnlyBadListenersEndQuietly(t *testing.T) {
	e := core.NewEvents("stack")
	for range 3 {
		e.Listen("bad", core.AllKinds, func(core.Event) { panic("x") })
	}
	e.Emit(core.Event{Kind: core.Hit})
}

func TestEvents_ListenWhileOthersEmit(t *testing.T) {
	e := core.NewEvents("stack")
	var heard atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				e.Listen("x", core.Hit, func(core.Event) { heard.Add(1) })
			}
		})
		wg.Go(func() {
			for range 100 {
				e.Emit(core.Event{Kind: core.Hit})
			}
		})
	}
	wg.Wait()
	heard.Store(0)
	e.Emit(core.Event{Kind: core.Hit})
	if got := heard.Load(); got != 400 {
		t.Errorf("%d of 400 listeners heard", got)
	}
}

func TestEvents_EmitWithoutAListenerAllocatesNothing(t *testing.T) {
	e := core.NewEvents("stack")
	e.Listen("x", core.Miss, func(core.Event) {})
	if n := testing.AllocsPerRun(100, func() { e.Emit(core.Event{Kind: core.Hit, Key: "k"}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAllKinds_HasOneBitForEveryKind(t *testing.T) {
	if got, want := bits.OnesCount64(uint64(core.AllKinds)), bits.Len64(uint64(core.MemoryExpired)); got != want {
		t.Errorf("AllKinds has %d kinds, MemoryExpired is the %dth", got, want)
	}
}

func TestEmitBorrowed_CopiesTheKeyForThoseWhoMayKeepIt(t *testing.T) {
	events := core.NewEvents("")
	var brief, kept string
	events.ListenBriefly("brief", core.Hit, func(ev core.Event) { brief = ev.Key })
	events.Listen("keeps", core.Hit, func(ev core.Event) { kept = ev.Key })
	buffer := []byte("key")
	events.EmitBorrowed(core.Event{Kind: core.Hit, Key: unsafe.String(&buffer[0], len(buffer))})
	copy(buffer, "abc")
	if kept != "key" || brief != "abc" {
		t.Errorf("kept %q, want key; the brief one has %q, want the buffer itself", kept, brief)
	}
}
