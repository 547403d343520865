// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func mutants() []mutant {
	return slices.Concat(valueMutants(), deleteMutants(), keyMutants(), ttlMutants(), faultMutants(), arbiterMutants(), leaseMutants(), batchMutants(), batchHeadersMutants())
}

// editSet makes a mutant that stores something else than it was given.
func editSet(edit func(data []byte) []byte) func(r *rig) {
	return func(r *rig) {
		r.onNew = func(f *fake) {
			set := f.set
			f.set = func(ctx context.Context, key string, data []byte, ttl time.Duration) error {
				return set(ctx, key, edit(data), ttl)
			}
		}
	}
}

// editGet makes a mutant that answers something else than it holds.
func editGet(edit func(key string, data []byte, ok bool) ([]byte, bool, error)) func(r *rig) {
	return func(r *rig) {
		r.onNew = func(f *fake) {
			get := f.get
			f.get = func(ctx context.Context, key string) ([]byte, bool, error) {
				data, ok, err := get(ctx, key)
				if err != nil {
					return nil, false, err
				}
				return edit(key, data, ok)
			}
		}
	}
}

// table is a map that mutants share between goroutines.
type table[V any] struct {
	mu sync.Mutex
	m  map[string]V
}

func (t *table[V]) put(key string, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.m == nil {
		t.m = make(map[string]V)
	}
	t.m[key] = v
}

func (t *table[V]) get(key string) (V, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.m[key]
	return v, ok
}

// onArbitrate calls observe with every write and what came of it.
func onArbitrate(f *fake, observe func(key string, w core.Write, r core.Ruling)) {
	arbitrate := f.arbitrate
	f.arbitrate = func(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
		r, err := arbitrate(ctx, key, w)
		if err == nil {
			observe(key, w, r)
		}
		return r, err
	}
}

// onSet calls observe with every key and value that is set.
func onSet(f *fake, observe func(key string, data []byte, ttl time.Duration)) {
	set := f.set
	f.set = func(ctx context.Context, key string, data []byte, ttl time.Duration) error {
		observe(key, data, ttl)
		return set(ctx, key, data, ttl)
	}
}

func valueMutants() []mutant {
	return []mutant{
		{"AbsentKey", "an unknown key is an error", errorForUnknown},
		{"RoundTrip", "line ends are trimmed", editSet(func(d []byte) []byte { return bytes.TrimRight(d, "\r\n") })},
		{"RoundTrip", "zeroes are lost", editSet(func(d []byte) []byte { return bytes.TrimRight(d, "\x00") })},
		{"EmptyValue", "an empty value is a miss", editGet(func(_ string, d []byte, ok bool) ([]byte, bool, error) {
			return d, ok && len(d) > 0, nil
		})},
		{"LargeValue", "the largest size is refused", refuseLargest},
		{"Oversize", "too large a value is cut", editSet(func(d []byte) []byte { return d[:min(len(d), maxValue)] })},
		{"CopiesIn", "the argument is kept", keepArgument},
		{"CopiesOut", "all readers share one slice", shareResult},
		{"Overwrite", "a shorter value leaves the tail of the longer", overwriteInPlace},
		{"Concurrent", "one buffer serves all readers", shareScratch},
	}
}

func errorForUnknown(r *rig) {
	r.onNew = func(f *fake) {
		var known table[bool]
		onSet(f, func(key string, _ []byte, _ time.Duration) { known.put(key, true) })
		onArbitrate(f, func(key string, _ core.Write, _ core.Ruling) { known.put(key, true) })
		get := f.get
		f.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			data, ok, err := get(ctx, key)
			if _, seen := known.get(key); !seen && err == nil {
				return nil, false, errors.New("not found")
			}
			return data, ok, err
		}
	}
}

func refuseLargest(r *rig) {
	r.onNew = func(f *fake) {
		set := f.set
		f.set = func(ctx context.Context, key string, data []byte, ttl time.Duration) error {
			if len(data) >= maxValue {
				return errors.New("too large")
			}
			return set(ctx, key, data, ttl)
		}
	}
}

func keepArgument(r *rig) {
	r.onNew = func(f *fake) {
		var kept table[[]byte]
		onSet(f, func(key string, data []byte, _ time.Duration) { kept.put(key, data) })
		get := f.get
		f.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			data, ok, err := get(ctx, key)
			if set, is := kept.get(key); is {
				data = set
			}
			return bytes.Clone(data), ok, err
		}
	}
}

func shareResult(r *rig) {
	r.onNew = func(f *fake) {
		var shared table[[]byte]
		onSet(f, func(key string, data []byte, _ time.Duration) { shared.put(key, bytes.Clone(data)) })
		get := f.get
		f.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			data, ok, err := get(ctx, key)
			if set, is := shared.get(key); is {
				data = set
			}
			return data, ok, err
		}
	}
}

func overwriteInPlace(r *rig) {
	r.onNew = func(f *fake) {
		get, set := f.get, f.set
		f.set = func(ctx context.Context, key string, data []byte, ttl time.Duration) error {
			if old, ok, _ := get(ctx, key); ok && len(old) > len(data) {
				data = slices.Concat(data, old[len(data):])
			}
			return set(ctx, key, data, ttl)
		}
	}
}

// shareScratch has no data race: it is wrong although every step is locked.
func shareScratch(r *rig) {
	r.onNew = func(f *fake) {
		var scratch table[[]byte]
		get := f.get
		f.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			data, ok, err := get(ctx, key)
			scratch.put("", data)
			pause(1) // in the bubble: lets the others run
			data, _ = scratch.get("")
			return bytes.Clone(data), ok, err
		}
	}
}

func deleteMutants() []mutant {
	return []mutant{
		{"DeleteRemoves", "a neighbour goes too", func(r *rig) {
			r.onNew = func(f *fake) {
				del := f.del
				f.del = func(ctx context.Context, key string) error { return errors.Join(del(ctx, key), del(ctx, key+"2")) }
			}
		}},
		{"DeleteIdempotent", "an absent key is an error", func(r *rig) {
			r.onNew = func(f *fake) {
				get, del := f.get, f.del
				f.del = func(ctx context.Context, key string) error {
					if _, ok, err := get(ctx, key); err == nil && !ok {
						return errors.New("not found")
					}
					return del(ctx, key)
				}
			}
		}},
		{"SetAfterDelete", "a tombstone swallows later writes", tombstone},
	}
}

func tombstone(r *rig) {
	r.onNew = func(f *fake) {
		var dead table[bool]
		set, del := f.set, f.del
		f.set = func(ctx context.Context, key string, data []byte, ttl time.Duration) error {
			if _, ok := dead.get(key); ok {
				return ctx.Err()
			}
			return set(ctx, key, data, ttl)
		}
		f.del = func(ctx context.Context, key string) error {
			dead.put(key, true)
			return del(ctx, key)
		}
	}
}
