// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/chaos"
	"github.com/fusioncache-go/fusioncache/core/memorytest"
)

const capacity = 2000

func newOtter(tb testing.TB) core.MemoryLayer {
	tb.Helper()
	m, err := ottermem.New(&ottermem.Options{MaxEntries: capacity})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func newFreecache(tb testing.TB, size int) core.MemoryLayer {
	tb.Helper()
	m, err := freecachemem.New(size, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// Without faults a layer of objects and one of bytes keep the contract, with the
// abilities that they had.
func TestConformance_Memory(t *testing.T) {
	memorytest.Run(t, memorytest.Harness{
		New:      func(tb testing.TB) core.MemoryLayer { return chaos.Memory(newOtter(tb), chaos.NewPlan(1)) },
		Capacity: capacity,
		Bubble:   true,
		Features: memorytest.Features{Clear: true, Len: true, Evictions: true, AnySize: true},
	})
}

func TestConformance_MemoryOfBytes(t *testing.T) {
	const size = 7 << 19
	memorytest.Run(t, memorytest.Harness{
		New:      func(tb testing.TB) core.MemoryLayer { return chaos.Memory(newFreecache(tb, size), chaos.NewPlan(1)) },
		Capacity: size / 49,
		Oversize: func() *core.Entry {
			return core.Encoded(make([]byte, size/1024), core.Meta{Stale: 1, Dead: 1})
		},
		Bubble:   true,
		Features: memorytest.Features{Bytes: true, Clear: true, Len: true},
	})
}

func entry() *core.Entry {
	return core.Encoded([]byte("1"), core.Meta{Stale: core.Never, Dead: core.Never})
}

func TestMemory_FailRefusesAndHoldsNothing(t *testing.T) {
	plan := chaos.NewPlan(1)
	m := chaos.Memory(newOtter(t), plan)
	_ = m.Set("k", entry())
	use(t, plan, chaos.Faults{Fail: 1})
	if err := m.Set("k", entry()); !errors.Is(err, chaos.ErrInjected) {
		t.Errorf("got %v", err)
	}
	if _, ok := m.Get("k"); ok || plan.Injected() != 1 {
		t.Errorf("an entry is held: %v; %d faults", ok, plan.Injected())
	}
}

func TestMemory_DropEvictsAndTells(t *testing.T) {
	plan := chaos.NewPlan(1)
	m := chaos.Memory(newOtter(t), plan)
	told := map[string]int{}
	teller, _ := core.As[core.EvictionTeller](m)
	teller.OnEvict(func(key string, _ *core.Entry) { told[key]++ })
	for i := range 200 {
		_ = m.Set(strconv.Itoa(i), entry())
	}
	use(t, plan, chaos.Faults{Drop: 0.5})
	left := 0
	for range 2 {
		left = 0
		for i := range 200 {
			if _, ok := m.Get(strconv.Itoa(i)); ok {
				left++
			}
		}
	}
	if left < 20 || left > 90 || len(told) != 200-left || plan.Injected() != uint64(len(told)) {
		t.Errorf("%d entries are left, %d evictions told, %d faults", left, len(told), plan.Injected())
	}
	teller.OnEvict(nil)
	use(t, plan, chaos.Faults{Drop: 1})
	for i := range 200 {
		_, _ = m.Get(strconv.Itoa(i))
	}
	if len(told) != 200-left {
		t.Error("told of evictions that nobody asks for any more")
	}
}

func TestMemory_DropConcernsBytesToo(t *testing.T) {
	plan := chaos.NewPlan(1)
	m := chaos.Memory(newFreecache(t, freecachemem.MinSize), plan)
	bytes, _ := core.As[core.ByteMemory](m)
	_ = m.Set("k", entry())
	if _, ok := bytes.AppendEntry(nil, "k"); !ok {
		t.Error("it is gone without a fault")
	}
	use(t, plan, chaos.Faults{Drop: 1})
	if data, ok := bytes.AppendEntry([]byte("x"), "k"); ok || string(data) != "x" {
		t.Errorf("got %q, %v", data, ok)
	}
}
