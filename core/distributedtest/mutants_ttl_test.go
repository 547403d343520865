// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest_test

import (
	"context"
	"errors"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// editTTL makes a mutant that stores with another ttl.
func editTTL(edit func(ttl time.Duration) time.Duration) func(r *rig) {
	return func(r *rig) {
		r.onNew = func(f *fake) {
			set := f.set
			f.set = func(ctx context.Context, key string, data []byte, ttl time.Duration) error {
				return set(ctx, key, data, edit(ttl))
			}
		}
	}
}

func ttlMutants() []mutant {
	return []mutant{
		{"TTLEnds", "a tenth is missing", editTTL(func(ttl time.Duration) time.Duration {
			if ttl > time.Hour {
				return ttl
			}
			return max(1, ttl-ttl/10)
		})},
		{"TTLEnds", "a read renews it", renewOnRead},
		{"TTLReplaced", "the first one stays", keepTTL(func(old, _ time.Time) time.Time { return old })},
		{"TTLReplaced", "the later end stays", keepTTL(func(old, end time.Time) time.Time {
			if old.After(end) {
				return old
			}
			return end
		})},
		{"ShortTTL", "below a millisecond is refused", refuseTTL(func(ttl time.Duration) bool { return ttl < time.Millisecond })},
		{"ShortTTL", "below a millisecond is for ever", editTTL(func(ttl time.Duration) time.Duration {
			if ttl < time.Millisecond {
				return core.Forever
			}
			return ttl
		})},
		{"Forever", "Forever is refused", refuseTTL(func(ttl time.Duration) bool { return ttl == core.Forever })},
		{"Forever", "the end overflows", editTTL(func(ttl time.Duration) time.Duration {
			if ttl > core.Forever/2 {
				return 1
			}
			return ttl
		})},
		{"Forever", "a month is the limit", editTTL(func(ttl time.Duration) time.Duration {
			return min(ttl, 30*24*time.Hour)
		})},
	}
}

func refuseTTL(refuse func(ttl time.Duration) bool) func(r *rig) {
	return func(r *rig) {
		r.onNew = func(f *fake) {
			set := f.set
			f.set = func(ctx context.Context, key string, data []byte, ttl time.Duration) error {
				if refuse(ttl) {
					return errors.New("invalid expire time")
				}
				return set(ctx, key, data, ttl)
			}
		}
	}
}

func renewOnRead(r *rig) {
	r.onNew = func(f *fake) {
		var ttls table[time.Duration]
		onSet(f, func(key string, _ []byte, ttl time.Duration) { ttls.put(key, ttl) })
		get, set := f.get, f.set
		f.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			data, ok, err := get(ctx, key)
			if ttl, known := ttls.get(key); ok && known && ttl < time.Second {
				err = set(ctx, key, data, ttl)
			}
			return data, ok, err
		}
	}
}

// keepTTL makes a mutant in which the end of what is overwritten matters.
func keepTTL(choose func(old, end time.Time) time.Time) func(r *rig) {
	return func(r *rig) {
		r.onNew = func(f *fake) {
			var ends table[time.Time]
			set := f.set
			f.set = func(ctx context.Context, key string, data []byte, ttl time.Duration) error {
				if ttl > time.Hour {
					return set(ctx, key, data, ttl)
				}
				end := time.Now().Add(ttl)
				if old, ok := ends.get(key); ok && old.After(time.Now()) {
					end = choose(old, end)
				}
				ends.put(key, end)
				return set(ctx, key, data, time.Until(end))
			}
		}
	}
}
