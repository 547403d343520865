// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// editStoredTTL makes a mutant that stores with another ttl. It knows the ttl
// that was there, 0 for none.
func editStoredTTL(edit func(w core.Write, old time.Duration) core.Write) func(r *rig) {
	return func(r *rig) {
		r.onNew = func(f *fake) {
			var ttls table[time.Duration]
			arbitrate := f.arbitrate
			f.arbitrate = func(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
				old, _ := ttls.get(key)
				w = edit(w, old)
				ttls.put(key, w.TTL)
				return arbitrate(ctx, key, w)
			}
		}
	}
}

// between makes a mutant whose writes of one mode are decided in one step and
// stored in another, and other goroutines come between.
func between(mode core.Mode) func(r *rig) {
	applies := func(_ string, w core.Write, _ []byte) bool { return w.Mode == mode }
	return inSteps(applies, func(w core.Write, current []byte) core.Decision {
		pause(1)
		return w.Decide(current)
	})
}

func leaseMutants() []mutant {
	return []mutant{
		{"ArbiterTTL", "a tenth is missing", editStoredTTL(func(w core.Write, _ time.Duration) core.Write {
			if w.TTL < time.Second {
				w.TTL -= w.TTL / 10
			}
			return w
		})},
		{"ArbiterTTL", "the first one stays", editStoredTTL(func(w core.Write, old time.Duration) core.Write {
			if old > 0 && w.Mode == core.Force {
				w.TTL = old
			}
			return w
		})},
		{"ArbiterTTL", "the longer one stays", editStoredTTL(func(w core.Write, old time.Duration) core.Write {
			w.TTL = max(w.TTL, old)
			return w
		})},
		{"ArbiterTTL", "a month is the limit", editStoredTTL(func(w core.Write, _ time.Duration) core.Write {
			w.TTL = min(w.TTL, 30*24*time.Hour)
			return w
		})},
		{"ArbiterTTL", "a tombstone that settles doubt lives like the value", editStoredTTL(func(w core.Write, _ time.Duration) core.Write {
			if w.Mode == core.Replay {
				w.TombstoneTTL = w.TTL
			}
			return w
		})},
		{"ArbiterTTL", "what takes the place of a tombstone lives for its own ttl", editStoredTTL(func(w core.Write, _ time.Duration) core.Write {
			if w.Mode == core.Force {
				w.TombstoneTTL = w.TTL
			}
			return w
		})},
		{"ArbiterAbsent", "the mark of a deletion counts", rememberHeader(func(f *fake, forget func(key string)) {
			onArbitrate(f, func(key string, _ core.Write, r core.Ruling) {
				if r.Header.Kind == core.TombstoneWrite {
					forget(key)
				}
			})
		})},
		{"ArbiterAbsent", "what has ended counts", rememberHeader(func(f *fake, forget func(key string)) {
			del := f.del
			f.del = func(ctx context.Context, key string) error {
				forget(key)
				return del(ctx, key)
			}
		})},
		{"ConcurrentFills", "others come between deciding and storing", between(core.Fill)},
		{"ConcurrentFills", "whoever meets another is told nothing", meeting(core.Fill, nil)},
		{"ConcurrentForces", "others come between deciding and storing", between(core.Force)},
		{"ConcurrentForces", "whoever meets another gives up", meeting(core.Force, errors.New("busy"))},
	}
}

// meeting makes a mutant whose writes of one mode come to nothing, or to an
// error, while another is under way.
func meeting(mode core.Mode, err error) func(r *rig) {
	return func(r *rig) {
		r.onNew = func(f *fake) {
			var busy sync.Mutex
			arbitrate := f.arbitrate
			f.arbitrate = func(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
				if w.Mode != mode {
					return arbitrate(ctx, key, w)
				}
				if !busy.TryLock() {
					return core.Ruling{}, err
				}
				defer busy.Unlock()
				pause(1)
				return arbitrate(ctx, key, w)
			}
		}
	}
}

// rememberHeader makes a mutant for which a place goes on holding the last
// header that was stored there, until it is made to forget.
func rememberHeader(until func(f *fake, forget func(key string))) func(r *rig) {
	return func(r *rig) {
		r.onNew = func(f *fake) {
			var last table[[]byte]
			get, set, arbitrate := f.get, f.set, f.arbitrate
			f.arbitrate = func(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
				_, ok, err := get(ctx, key)
				ghost, _ := last.get(key)
				if err != nil || ok || ghost == nil {
					ruling, err := arbitrate(ctx, key, w)
					if ruling.Stored {
						last.put(key, core.AppendHeader(nil, ruling.Header))
					}
					return ruling, err
				}
				d := w.Decide(ghost)
				if d.Store {
					err = set(ctx, key, d.Data, d.TTL)
				}
				return d.Ruling, err
			}
			until(f, func(key string) { last.put(key, nil) })
		}
	}
}
