// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestMetaState_AtEveryBorder(t *testing.T) {
	life := core.Meta{Stale: 100, Dead: 200}
	throttled := core.Meta{Stale: 100, Dead: 200, Retry: 150}
	overlong := core.Meta{Stale: 100, Dead: 200, Retry: 900}
	noStale := core.Meta{Stale: 100, Dead: 100, Retry: 150}
	forever := core.Meta{Stale: core.Never, Dead: core.Never}
	kept := core.Meta{Stale: 100, Dead: core.Never}
	expired := core.Meta{Stale: math.MinInt64, Dead: 200, Retry: 50}
	for _, c := range []struct {
		name string
		meta core.Meta
		now  core.Instant
		want core.State
	}{
		{"before its start", life, -1000, core.Fresh},
		{"last fresh instant", life, 99, core.Fresh},
		{"end of logical life", life, 100, core.Stale},
		{"last stale instant", life, 199, core.Stale},
		{"end of physical life", life, 200, core.Dead},
		{"long dead", life, core.Never, core.Dead},
		{"fresh beats retry", throttled, 99, core.Fresh},
		{"throttled", throttled, 100, core.Throttled},
		{"last throttled instant", throttled, 149, core.Throttled},
		{"end of the window", throttled, 150, core.Stale},
		{"dead beats retry", overlong, 200, core.Dead},
		{"throttled up to death", overlong, 199, core.Throttled},
		{"no fail-safe", noStale, 100, core.Dead},
		{"for ever", forever, core.Never - 1, core.Fresh},
		{"kept for ever", kept, core.Never - 1, core.Stale},
		{"expired by hand, throttled", expired, 49, core.Throttled},
		{"expired by hand", expired, 50, core.Stale},
		{"zero", core.Meta{}, 0, core.Dead},
	} {
		if got := c.meta.State(c.now); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		if got := core.Live(0, c.meta).State(c.now); got != c.want {
			t.Errorf("%s, entry: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestState_HasAName(t *testing.T) {
	want := "unknown fresh throttled stale dead unknown"
	got := fmt.Sprint(core.State(0), core.Fresh, core.Throttled, core.Stale, core.Dead, core.Dead+1)
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLive_HoldsTheValueAndNothingElse(t *testing.T) {
	e := core.Live("v", metaOfAll())
	if v, ok := core.Value[string](e); !ok || v != "v" {
		t.Errorf("Value is %q, %v", v, ok)
	}
	if p, ok := e.Pointer().(*string); !ok || *p != "v" {
		t.Errorf("Pointer is %v", e.Pointer())
	}
	if e.Payload() != nil {
		t.Errorf("Payload is %q, want nil", e.Payload())
	}
	wantMeta(t, e, metaOfAll())
}

func TestLive_HoldsNilAndZeroValues(t *testing.T) {
	if v, ok := core.Value[*int](core.Live[*int](nil, core.Meta{})); !ok || v != nil {
		t.Errorf("nil pointer: %v, %v", v, ok)
	}
	if v, ok := core.Value[error](core.Live[error](nil, core.Meta{})); !ok || v != nil {
		t.Errorf("nil interface: %v, %v", v, ok)
	}
	if v, ok := core.Value[struct{}](core.Live(struct{}{}, core.Meta{})); !ok {
		t.Errorf("empty struct: %v, %v", v, ok)
	}
}

func TestValue_OfAnotherTypeIsNone(t *testing.T) {
	if v, ok := core.Value[string](core.Live(7, core.Meta{})); ok || v != "" {
		t.Errorf("int as string: %q, %v", v, ok)
	}
	if v, ok := core.Value[any](core.Live(7, core.Meta{})); ok || v != nil {
		t.Errorf("int as any: %v, %v", v, ok)
	}
	if v, ok := core.Value[[]byte](core.Encoded([]byte("x"), core.Meta{})); ok || v != nil {
		t.Errorf("payload as value: %q, %v", v, ok)
	}
}

func TestEncoded_HoldsThePayloadAndNothingElse(t *testing.T) {
	payload := []byte("x")
	e := core.Encoded(payload, metaOfAll())
	if got := e.Payload(); len(got) != 1 || &got[0] != &payload[0] {
		t.Errorf("Payload is %q, want the slice itself", got)
	}
	if e.Pointer() != nil {
		t.Errorf("Pointer is %v, want nil", e.Pointer())
	}
	wantMeta(t, e, metaOfAll())
}

func TestWith_SharesTheValueAndLeavesTheOriginal(t *testing.T) {
	old := core.Live("v", metaOfAll())
	m := old.Meta()
	m.Retry, m.Cycles = m.Retry.Add(time.Second), m.Cycles+1
	e := old.With(m)
	if e.Pointer() != old.Pointer() {
		t.Error("the value was copied")
	}
	wantMeta(t, e, m)
	wantMeta(t, old, metaOfAll())

	payload := []byte("x")
	if got := core.Encoded(payload, m).With(core.Meta{}).Payload(); &got[0] != &payload[0] {
		t.Error("the payload was copied")
	}
}

func TestEncoded_HasAPayloadThoughItIsEmpty(t *testing.T) {
	for name, e := range map[string]*core.Entry{
		"Encoded":     core.Encoded(nil, metaOfAll()),
		"WithPayload": core.Live("", metaOfAll()).WithPayload(nil),
		"With":        core.Encoded(nil, core.Meta{}).With(metaOfAll()),
	} {
		if p := e.Payload(); p == nil || len(p) > 0 {
			t.Errorf("%s: Payload is %#v, want an empty one", name, p)
		}
	}
}

func TestWithPayload_DropsTheValueAndKeepsTheMeta(t *testing.T) {
	old := core.Live("v", metaOfAll())
	e := old.WithPayload([]byte("x"))
	if e.Pointer() != nil || string(e.Payload()) != "x" {
		t.Errorf("holds %v and %q", e.Pointer(), e.Payload())
	}
	wantMeta(t, e, metaOfAll())
	if _, ok := core.Value[string](old); !ok || old.Payload() != nil {
		t.Error("the original has changed")
	}
}

func TestLive_AllocatesOnce(t *testing.T) {
	var e *core.Entry
	if n := testing.AllocsPerRun(100, func() { e = core.Live([4]int{1}, core.Meta{}) }); n != 1 {
		t.Errorf("%v allocations, want 1", n)
	}
	m := metaOfAll()
	if n := testing.AllocsPerRun(100, func() { e = core.Live([4]int{1}, m) }); n != 1 {
		t.Errorf("with everything: %v allocations, want 1", n)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = core.Value[[4]int](e) }); n != 0 {
		t.Errorf("reading: %v allocations, want 0", n)
	}
}

// metaOfAll returns metadata with every field set, each to another value.
func metaOfAll() core.Meta {
	return core.Meta{
		Version: core.Version{Time: 1_700_000_000_000, Tick: 1, Bump: 2, Node: 3, Op: 4},
		Born:    10, Checked: 20, Stale: 30, Dead: 40, Retry: 35,
		Cycles: 5,
		Stamp: &core.Stamp{
			Tags:  []string{"a", "", "b"},
			Epoch: core.Generation{Hard: 6, Soft: 7}, Generations: []core.Generation{{Hard: 8}, {Soft: 9}, {Hard: 1, Soft: 2}},
			Marked: 300,
		},
	}
}

func wantMeta(t *testing.T, e *core.Entry, want core.Meta) {
	t.Helper()
	if got := e.Meta(); !reflect.DeepEqual(got, want) {
		t.Errorf("Meta is %+v, want %+v", got, want)
	}
	if e.Version() != want.Version || e.Checked() != want.Checked || e.StaleAt() != want.Stale || e.DeadAt() != want.Dead {
		t.Errorf("accessors disagree with Meta: %v %v %v %v", e.Version(), e.Checked(), e.StaleAt(), e.DeadAt())
	}
}

// An entry that shared the value of another would keep the memory of both.
func TestCopy_HasAValueOfItsOwnAndLeavesTheOriginal(t *testing.T) {
	old := core.Live("v", metaOfAll())
	m := old.Meta()
	m.Cycles++
	e := old.Copy(m)
	if v, ok := core.Value[string](e); !ok || v != "v" || e.Pointer() == old.Pointer() {
		t.Errorf("holds %q, %v; the same memory: %v", v, ok, e.Pointer() == old.Pointer())
	}
	wantMeta(t, e, m)
	wantMeta(t, old, metaOfAll())
	if got := core.Encoded([]byte("x"), m).Copy(metaOfAll()); string(got.Payload()) != "x" || got.Pointer() != nil {
		t.Errorf("holds %q and %v", got.Payload(), got.Pointer())
	}
}
