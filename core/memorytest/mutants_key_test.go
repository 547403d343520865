// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest_test

import (
	"strings"

	"github.com/fusioncache-go/fusioncache/core"
)

// editKey makes a mutant that files entries under another key.
func editKey(edit func(key string) string) func(r *rig) {
	return func(r *rig) {
		r.breaks = func(f *fake) {
			get, set, del := f.get, f.set, f.del
			f.get = func(key string) (*core.Entry, bool) { return get(edit(key)) }
			f.set = func(key string, e *core.Entry) error { return set(edit(key), e) }
			f.del = func(key string) { del(edit(key)) }
		}
	}
}

func keyMutants() []mutant {
	return []mutant{
		{"OddKeys", "NUL ends the key", editKey(func(key string) string { k, _, _ := strings.Cut(key, "\x00"); return k })},
		{"OddKeys", "case does not matter", editKey(strings.ToLower)},
		{"OddKeys", "keys are text", editKey(func(key string) string { return strings.ToValidUTF8(key, "?") })},
		{"OddKeys", "blanks do not matter", editKey(strings.TrimSpace)},
		{"LongKeys", "1,000 bytes are enough", editKey(func(key string) string { return key[:min(1000, len(key))] })},
		{"LongKeys", "the length fits a byte", editKey(func(key string) string { return key[:len(key)%256] + key[max(len(key)%256, len(key)&^0xff):] })},
		{"LongKeys", "the ends are enough", editKey(func(key string) string { return key[:min(100, len(key))] + key[max(min(100, len(key)), len(key)-100):] })},
		{"GetKeepsNoKey", "the last hit is remembered", rememberHit},
		{"DeleteKeepsNoKey", "the last deletion is remembered", rememberDeletion},
	}
}

// hit is the last key that was found and what for.
type hit struct {
	key   string
	entry *core.Entry
}

// remember makes f answer from the returned hit, which every write forgets.
func remember(f *fake) *hit {
	last := &hit{}
	get, set, del, clr := f.get, f.set, f.del, f.clear
	forget := func() {
		f.ref.mu.Lock()
		defer f.ref.mu.Unlock()
		*last = hit{}
	}
	f.get = func(key string) (*core.Entry, bool) {
		f.ref.mu.Lock()
		known := *last
		f.ref.mu.Unlock()
		if known.entry != nil && known.key == key {
			return known.entry, true
		}
		return get(key)
	}
	f.set = func(key string, e *core.Entry) error { forget(); defer forget(); return set(key, e) }
	f.del = func(key string) { forget(); defer forget(); del(key) }
	f.clear = func() { forget(); clr() }
	return last
}

func rememberHit(r *rig) {
	r.breaks = func(f *fake) {
		last := remember(f)
		get := f.get
		f.get = func(key string) (*core.Entry, bool) {
			e, ok := get(key)
			if ok {
				f.ref.mu.Lock()
				*last = hit{key, e}
				f.ref.mu.Unlock()
			}
			return e, ok
		}
	}
}

func rememberDeletion(r *rig) {
	r.breaks = func(f *fake) {
		deleted := ""
		get, set, del := f.get, f.set, f.del
		f.get = func(key string) (*core.Entry, bool) {
			f.ref.mu.Lock()
			gone := key == deleted
			f.ref.mu.Unlock()
			if gone {
				return nil, false
			}
			return get(key)
		}
		f.set = func(key string, e *core.Entry) error {
			f.ref.mu.Lock()
			if key == deleted {
				deleted = ""
			}
			f.ref.mu.Unlock()
			return set(key, e)
		}
		f.del = func(key string) {
			del(key)
			f.ref.mu.Lock()
			deleted = key
			f.ref.mu.Unlock()
		}
	}
}
