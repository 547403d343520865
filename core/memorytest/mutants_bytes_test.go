// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest_test

import (
	"errors"
	"fmt"

	"github.com/fusioncache-go/fusioncache/core"
)

// byteMutants are layers of bytes.
func byteMutants() []mutant {
	return []mutant{
		{"AppendEntry", "dst is written over", editAppend(func(f *fake, dst []byte, key string) ([]byte, bool) {
			return f.ref.AppendEntry(dst[:0], key)
		})},
		{"AppendEntry", "the form is cut to the room there is", editAppend(func(f *fake, dst []byte, key string) ([]byte, bool) {
			data, ok := f.ref.AppendEntry(dst, key)
			if cap(dst) > len(dst) {
				data = data[:min(cap(dst), len(data))]
			}
			return data, ok
		})},
		{"AppendEntry", "an absent key is an empty form", editAppend(func(f *fake, dst []byte, key string) ([]byte, bool) {
			data, _ := f.ref.AppendEntry(dst, key)
			return data, len(data) > 0
		})},
		{"AppendEntryOwned", "the layer's own bytes are returned", shareForm},
		{"AppendEntryKeepsNoKey", "the last hit is remembered", rememberAppended},
		{"PayloadOwned", "readers share the payload", sharePayload},
		{"LiveRefused", "a live entry is stored as an empty one", takeLive},
		{"LiveRefused", "the old entry stays", keepOldOnLive},
		{"LiveRefused", "only half of the live ones are seen", takeLiveNil},
	}
}

func editAppend(edit func(f *fake, dst []byte, key string) ([]byte, bool)) func(r *rig) {
	return func(r *rig) {
		r.breaks = func(f *fake) {
			f.appendTo = func(dst []byte, key string) ([]byte, bool) { return edit(f, dst, key) }
		}
	}
}

// shareForm keeps the form that it last returned and returns it again.
func shareForm(r *rig) {
	r.breaks = func(f *fake) {
		forms := map[string][]byte{}
		f.appendTo = func(dst []byte, key string) ([]byte, bool) {
			e, ok := f.ref.Get(key)
			if !ok || dst != nil {
				return f.ref.AppendEntry(dst, key)
			}
			f.ref.mu.Lock()
			defer f.ref.mu.Unlock()
			write := fmt.Sprint(key, e.Version())
			if forms[write] == nil {
				forms[write] = e.AppendBinary(nil)
			}
			return forms[write], true
		}
	}
}

func rememberAppended(r *rig) {
	r.breaks = func(f *fake) {
		last := remember(f)
		f.appendTo = func(dst []byte, key string) ([]byte, bool) {
			if e, ok := f.ref.Get(key); ok {
				f.ref.mu.Lock()
				*last = hit{key, e}
				f.ref.mu.Unlock()
			}
			return f.ref.AppendEntry(dst, key)
		}
	}
}

func sharePayload(r *rig) {
	r.breaks = func(f *fake) {
		f.get = func(key string) (*core.Entry, bool) {
			f.ref.mu.Lock()
			defer f.ref.mu.Unlock()
			e, ok := f.ref.entries[key]
			return e, ok
		}
	}
}

func takeLive(r *rig) {
	r.breaks = func(f *fake) {
		set := f.set
		f.set = func(key string, e *core.Entry) error {
			if e.Pointer() != nil {
				e = e.WithPayload(nil)
			}
			return set(key, e)
		}
	}
}

func takeLiveNil(r *rig) {
	r.breaks = func(f *fake) {
		set := f.set
		f.set = func(key string, e *core.Entry) error {
			if _, ok := core.Value[*int](e); ok {
				e = e.WithPayload(nil)
			}
			return set(key, e)
		}
	}
}

func keepOldOnLive(r *rig) {
	r.breaks = func(f *fake) {
		set := f.set
		f.set = func(key string, e *core.Entry) error {
			if e.Pointer() != nil {
				return errors.New("live")
			}
			return set(key, e)
		}
	}
}
