// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest_test

import (
	"bytes"
	"reflect"
	"strings"

	"github.com/fusioncache-go/fusioncache/core"
)

// editMeta makes a mutant that stores other metadata than it was given.
func editMeta(edit func(m *core.Meta)) func(r *rig) {
	return editEntry(func(e *core.Entry) *core.Entry {
		m := e.Meta()
		edit(&m)
		return e.With(m)
	})
}

// editStamp makes a mutant that stores a changed stamp.
func editStamp(edit func(s *core.Stamp)) func(r *rig) {
	return editMeta(func(m *core.Meta) {
		if m.Stamp != nil {
			s := *m.Stamp
			edit(&s)
			m.Stamp = &s
		}
	})
}

// editEntry makes a mutant that stores another entry than it was given, or none
// for nil.
func editEntry(edit func(e *core.Entry) *core.Entry) func(r *rig) {
	return func(r *rig) {
		r.breaks = func(f *fake) {
			set := f.set
			f.set = func(key string, e *core.Entry) error {
				if e = edit(e); e == nil {
					f.del(key)
					return nil
				}
				return set(key, e)
			}
		}
	}
}

func valueMutants() []mutant {
	return []mutant{
		{"AbsentKey", "an unknown key is an empty entry", inventsEntries},
		{"KeepsMeta", "one tag is enough", editStamp(func(s *core.Stamp) { s.Tags = s.Tags[:min(1, len(s.Tags))] })},
		{"KeepsMeta", "one generation is enough", editStamp(func(s *core.Stamp) { s.Generations = s.Generations[:min(1, len(s.Generations))] })},
		{"KeepsMeta", "cycles fit a byte", editMeta(func(m *core.Meta) { m.Cycles &= 0xff })},
		{"KeepsMeta", "never comes in the end", editMeta(func(m *core.Meta) { m.Dead = min(m.Dead, core.Never-1) })},
		{"KeepsMeta", "nothing is older than the process", editMeta(func(m *core.Meta) { m.Born = max(m.Born, 0) })},
		{"KeepsValue", "empty is nothing", editEntry(dropEmpty)},
		{"KeepsValue", "nil is nothing", editEntry(dropNil)},
		{"KeepsValue", "NUL ends the payload", editEntry(cutAtNUL)},
		{"Overwrite", "the longer payload shows behind the shorter", leaveTail},
		{"Overwrite", "a live value outlives the payload set after it", keepLive},
		{"DeleteRemoves", "a key with one digit more goes too", deleteChildren},
		{"DeleteIdempotent", "deleting an unknown key costs another", deleteOther},
		{"SetAfterDelete", "Set right after Delete is lost", loseSetAfterDelete},
		{"EndedLife", "one dead entry empties the layer", clearOnDead},
		{"EndedLife", "the dead share one grave", shareGrave},
	}
}

func inventsEntries(r *rig) {
	r.breaks = func(f *fake) {
		known := map[string]bool{}
		note := func(key string) {
			f.ref.mu.Lock()
			defer f.ref.mu.Unlock()
			known[strings.Clone(key)] = true
		}
		get, set, del := f.get, f.set, f.del
		f.set = func(key string, e *core.Entry) error { note(key); return set(key, e) }
		f.del = func(key string) { note(key); del(key) }
		f.get = func(key string) (*core.Entry, bool) {
			f.ref.mu.Lock()
			invent := !known[key]
			f.ref.mu.Unlock()
			if invent {
				return core.Encoded(nil, core.Meta{}), true
			}
			return get(key)
		}
	}
}

func dropEmpty(e *core.Entry) *core.Entry {
	if e.Pointer() == nil && len(e.Payload()) == 0 {
		return nil
	}
	return e
}

func dropNil(e *core.Entry) *core.Entry {
	if v := reflect.ValueOf(e.Pointer()); v.IsValid() {
		if k := v.Elem().Kind(); (k == reflect.Pointer || k == reflect.Interface) && v.Elem().IsNil() {
			return nil
		}
	}
	return e
}

func cutAtNUL(e *core.Entry) *core.Entry {
	if head, _, found := bytes.Cut(e.Payload(), []byte{0}); found {
		return e.WithPayload(head)
	}
	return e
}

func leaveTail(r *rig) {
	r.breaks = func(f *fake) {
		set := f.set
		f.set = func(key string, e *core.Entry) error {
			if old, ok := f.ref.Get(key); ok && e.Payload() != nil && len(old.Payload()) > len(e.Payload()) {
				merged := bytes.Clone(old.Payload())
				copy(merged, e.Payload())
				e = e.WithPayload(merged)
			}
			return set(key, e)
		}
	}
}

func keepLive(r *rig) {
	r.breaks = func(f *fake) {
		set := f.set
		f.set = func(key string, e *core.Entry) error {
			if old, ok := f.ref.Get(key); ok && old.Pointer() != nil && e.Pointer() == nil {
				e = old.With(e.Meta())
			}
			return set(key, e)
		}
	}
}

func deleteChildren(r *rig) {
	r.breaks = func(f *fake) {
		del := f.del
		f.del = func(key string) {
			del(key)
			for digit := '0'; digit <= '9'; digit++ {
				del(key + string(digit))
			}
		}
	}
}

func deleteOther(r *rig) {
	r.breaks = func(f *fake) {
		known := map[string]bool{}
		set, del := f.set, f.del
		f.set = func(key string, e *core.Entry) error {
			f.ref.mu.Lock()
			known[key] = true
			f.ref.mu.Unlock()
			return set(key, e)
		}
		f.del = func(key string) {
			f.ref.mu.Lock()
			if !known[key] && len(f.ref.order) > 0 {
				f.ref.remove(f.ref.order[0])
			}
			f.ref.mu.Unlock()
			del(key)
		}
	}
}

func loseSetAfterDelete(r *rig) {
	r.breaks = func(f *fake) {
		deleted := ""
		swap := func(key string) (last string) {
			f.ref.mu.Lock()
			defer f.ref.mu.Unlock()
			last, deleted = deleted, key
			return last
		}
		get, set, del := f.get, f.set, f.del
		f.get = func(key string) (*core.Entry, bool) { swap(""); return get(key) }
		f.del = func(key string) { swap(key); del(key) }
		f.set = func(key string, e *core.Entry) error {
			if swap("") == key {
				return nil
			}
			return set(key, e)
		}
	}
}

func clearOnDead(r *rig) {
	r.breaks = func(f *fake) {
		set := f.set
		f.set = func(key string, e *core.Entry) error {
			if e.DeadAt() <= 0 {
				f.clear()
			}
			return set(key, e)
		}
	}
}

func shareGrave(r *rig) {
	r.breaks = func(f *fake) {
		get, set := f.get, f.set
		f.set = func(key string, e *core.Entry) error {
			if e.DeadAt() > 1 {
				return set(key, e)
			}
			if err := set(key, e); err != nil {
				return err
			}
			return set("grave", e)
		}
		f.get = func(key string) (*core.Entry, bool) {
			if e, ok := get(key); ok && e.DeadAt() <= 1 {
				return get("grave")
			}
			return get(key)
		}
	}
}
