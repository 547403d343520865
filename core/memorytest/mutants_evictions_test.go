// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest_test

import "github.com/fusioncache-go/fusioncache/core"

// teller is a listener of evictions.
type teller = func(key string, e *core.Entry)

// editTelling makes a mutant that tells something else than what was evicted.
func editTelling(edit func(tell teller) teller) func(r *rig) {
	return func(r *rig) {
		r.breaks = func(f *fake) {
			onEvict := f.onEvict
			f.onEvict = func(tell func(key string, e *core.Entry)) {
				if tell != nil {
					tell = edit(tell)
				}
				onEvict(tell)
			}
		}
	}
}

func evictionMutants() []mutant {
	return []mutant{
		{"Evictions", "every third is not told", editTelling(func(tell teller) teller {
			n := 0
			return func(key string, e *core.Entry) {
				if n++; n%3 > 0 {
					tell(key, e)
				}
			}
		})},
		{"Evictions", "one is told twice", editTelling(func(tell teller) teller {
			return func(key string, e *core.Entry) {
				tell(key, e)
				if key == "fill7" {
					tell(key, e)
				}
			}
		})},
		{"Evictions", "another key is told", editTelling(func(tell teller) teller {
			return func(key string, e *core.Entry) { tell(key+" of another", e) }
		})},
		{"Evictions", "the entry is not told", editTelling(func(tell teller) teller {
			return func(key string, _ *core.Entry) { tell(key, nil) }
		})},
		{"Evictions", "a deletion is told", tellDeletions},
		{"Evictions", "what is replaced is told", tellReplacements},
		{"Evictions", "what is cleared is told", tellCleared},
		{"EvictionsEnd", "all listeners hear", keepListeners},
		{"EvictionsEnd", "nil ends nothing", func(r *rig) {
			r.breaks = func(f *fake) {
				onEvict := f.onEvict
				f.onEvict = func(tell func(key string, e *core.Entry)) {
					if tell != nil {
						onEvict(tell)
					}
				}
			}
		}},
	}
}

func tellDeletions(r *rig) {
	r.breaks = func(f *fake) {
		del := f.del
		f.del = func(key string) {
			e, held := f.ref.Get(key)
			del(key)
			if tell := f.ref.evicted; held && tell != nil {
				tell(key, e)
			}
		}
	}
}

func tellReplacements(r *rig) {
	r.breaks = func(f *fake) {
		set := f.set
		f.set = func(key string, e *core.Entry) error {
			old, held := f.ref.Get(key)
			err := set(key, e)
			if tell := f.ref.evicted; held && tell != nil {
				tell(key, old)
			}
			return err
		}
	}
}

func tellCleared(r *rig) {
	r.breaks = func(f *fake) {
		clr := f.clear
		f.clear = func() {
			held := f.ref.entries
			clr()
			if tell := f.ref.evicted; tell != nil {
				for key, e := range held {
					tell(key, e)
				}
			}
		}
	}
}

func keepListeners(r *rig) {
	r.breaks = func(f *fake) {
		onEvict := f.onEvict
		var all []teller
		f.onEvict = func(tell func(key string, e *core.Entry)) {
			if tell == nil {
				onEvict(nil)
				return
			}
			all = append(all, tell)
			onEvict(func(key string, e *core.Entry) {
				for _, tell := range all {
					tell(key, e)
				}
			})
		}
	}
}
