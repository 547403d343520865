// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest_test

import (
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/memorytest"
)

func boundMutants() []mutant {
	return []mutant{
		{"VisibleWhenFull", "a new key must knock twice", admitLater},
		{"Bound", "nothing is evicted", neverEvict},
		{"Bound", "Len counts the evicted", countEvicted},
		{"Oversize", "the old entry stays", editRefusal(func(f *fake, key string, old *core.Entry, err error) error {
			if old != nil {
				_ = f.ref.Set(key, old)
			}
			return err
		})},
		{"Oversize", "the entry is dropped without a word", editRefusal(func(*fake, string, *core.Entry, error) error { return nil })},
		{"Oversize", "the error says nothing", editRefusal(func(*fake, string, *core.Entry, error) error { return errors.New("no") })},
		{"Oversize", "a refusal empties the layer", editRefusal(func(f *fake, _ string, _ *core.Entry, err error) error {
			f.clear()
			return err
		})},
		{"Clear", "one entry survives", surviveClear},
		{"Clear", "nothing can be set afterwards", breakOnClear},
		{"Len", "an overwrite counts", countOverwrites},
	}
}

func admitLater(r *rig) {
	r.breaks = func(f *fake) {
		knocked := map[string]bool{}
		set := f.set
		f.set = func(key string, e *core.Entry) error {
			f.ref.mu.Lock()
			_, held := f.ref.entries[key]
			refuse := !held && len(f.ref.entries) == capacity && !knocked[key]
			knocked[key] = true
			f.ref.mu.Unlock()
			if !refuse {
				return set(key, e)
			}
			if tell := f.ref.evicted; tell != nil {
				tell(key, e)
			}
			return nil
		}
	}
}

func neverEvict(r *rig) {
	r.breaks = func(f *fake) {
		set := f.set
		f.set = func(key string, e *core.Entry) error {
			f.ref.mu.Lock()
			if len(f.ref.order) == capacity {
				f.ref.order = f.ref.order[:0]
			}
			f.ref.mu.Unlock()
			return set(key, e)
		}
	}
}

func countEvicted(r *rig) {
	r.breaks = func(f *fake) {
		n := 0
		set, length := f.set, f.length
		f.set = func(key string, e *core.Entry) error {
			f.ref.mu.Lock()
			if _, held := f.ref.entries[key]; !held && len(f.ref.order) == capacity {
				n++
			}
			f.ref.mu.Unlock()
			return set(key, e)
		}
		f.length = func() int {
			held := length()
			f.ref.mu.Lock()
			defer f.ref.mu.Unlock()
			return held + n
		}
	}
}

// editRefusal makes a mutant that does something else when an entry is refused.
func editRefusal(edit func(f *fake, key string, old *core.Entry, err error) error) func(r *rig) {
	return func(r *rig) {
		r.breaks = func(f *fake) {
			set := f.set
			f.set = func(key string, e *core.Entry) error {
				old, _ := f.ref.Get(key)
				if err := set(key, e); err != nil {
					return edit(f, key, old, err)
				}
				return nil
			}
		}
	}
}

func surviveClear(r *rig) {
	r.breaks = func(f *fake) {
		clr := f.clear
		f.clear = func() {
			f.ref.mu.Lock()
			kept := f.ref.order[max(0, len(f.ref.order)-1):]
			entries := f.ref.entries
			f.ref.mu.Unlock()
			clr()
			for _, key := range kept {
				_ = f.set(key, entries[key])
			}
		}
	}
}

func breakOnClear(r *rig) {
	r.breaks = func(f *fake) {
		clr := f.clear
		f.clear = func() {
			clr()
			f.ref.entries = nil
		}
	}
}

func countOverwrites(r *rig) {
	r.breaks = func(f *fake) {
		n := 0
		set, length := f.set, f.length
		f.set = func(key string, e *core.Entry) error {
			f.ref.mu.Lock()
			if _, held := f.ref.entries[key]; held {
				n++
			}
			f.ref.mu.Unlock()
			return set(key, e)
		}
		f.length = func() int { return length() + n }
	}
}

func abilityMutants() []mutant {
	undeclare := func(edit func(f *memorytest.Features)) func(r *rig) {
		return func(r *rig) { edit(&r.features) }
	}
	return []mutant{
		{"Abilities", "Len is not declared", undeclare(func(f *memorytest.Features) { f.Len = false })},
		{"Abilities", "Clear is not declared", undeclare(func(f *memorytest.Features) { f.Clear = false })},
		{"Abilities", "Evictions is not declared", undeclare(func(f *memorytest.Features) { f.Evictions = false })},
		{"Abilities", "what it wraps can more", func(r *rig) {
			r.features.Len, r.features.Clear, r.features.Evictions = false, false, false
			r.wrap = func(l core.MemoryLayer) core.MemoryLayer { return transparent{plain{l}, l} }
		}},
	}
}

// plain hides all abilities of a layer.
type plain struct{ core.MemoryLayer }

func hideAbilities(l core.MemoryLayer) core.MemoryLayer { return plain{l} }

// transparent leads to the abilities of what it wraps.
type transparent struct {
	plain
	inner core.MemoryLayer
}

func (t transparent) Unwrap() core.MemoryLayer { return t.inner }
