// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
)

// runner is a contestant at work.
type runner[V any] struct {
	peer  peers.Peer[V]
	cache peers.Cache[V]
	loads atomic.Int64
	wrong atomic.Int64
}

// field is all contestants, for one kind of values.
type field[V any] struct {
	kind    load.Kind[V]
	keys    []string
	asked   []string // the same again: nobody asks with the very string that a cache keeps
	runners []*runner[V]
	looked  atomic.Uint64 // so that the compiler leaves no look at a key out
}

// newField makes contestants that have room for so many entries.
func newField[V any](r *Run, kind load.Kind[V], keys, room int, all []peers.Peer[V]) (*field[V], error) {
	f := &field[V]{kind: kind, keys: load.Keys(keys), asked: load.Keys(keys)}
	for _, p := range all {
		one := &runner[V]{peer: p}
		cache, err := p.New(peers.Config[V]{
			Capacity: room,
			Redis:    r.Redis,
			Load: func(_ context.Context, key string) (V, error) {
				one.loads.Add(1)
				return kind.Make(load.Number(key)), nil
			},
		})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", p.Name, err), f.close())
		}
		one.cache = cache
		f.runners = append(f.runners, one)
	}
	return f, nil
}

func (f *field[V]) close() error {
	for _, one := range f.runners {
		one.cache.Close()
	}
	return nil
}

// fill makes sure that every contestant has every key, and no value is wrong. Some
// drop what they are given now and then, or store it later: they are asked again.
func (f *field[V]) fill(ctx context.Context) error {
	for _, one := range f.runners {
		for try := 0; ; try++ {
			before := one.loads.Load()
			if err := f.ask(ctx, one); err != nil {
				return fmt.Errorf("%s: %w", one.peer.Name, err)
			}
			peers.Settle(one.cache)
			if one.loads.Load() == before {
				break
			}
			if try == 50 {
				return fmt.Errorf("%s: does not keep %d keys", one.peer.Name, len(f.keys))
			}
		}
	}
	return nil
}

// ask asks one for every key, on several goroutines since it may go to a server.
func (f *field[V]) ask(ctx context.Context, one *runner[V]) error {
	var all sync.WaitGroup
	var failed atomic.Pointer[error]
	for part := range slices.Chunk(f.keys, max(1, len(f.keys)/16)) {
		all.Go(func() {
			for _, key := range part {
				v, err := one.cache.Get(ctx, key)
				if err == nil && !f.kind.Is(v, load.Number(key)) {
					err = fmt.Errorf("wrong value of %q", key)
				}
				if err != nil {
					failed.Store(&err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// keysOf returns what looks at the keys of order, and asks nobody for them.
func (f *field[V]) keysOf(order load.Order) func(from, n int) {
	return func(from, n int) {
		sum := uint64(0)
		for j := range n {
			key := f.asked[order[(from+j)%len(order)]]
			sum += uint64(key[0]) + uint64(key[len(key)-1])
		}
		f.looked.Add(sum)
	}
}

// subjects returns what reads the keys of order.
func (f *field[V]) subjects(ctx context.Context, order load.Order) []measure.Subject {
	out := make([]measure.Subject, len(f.runners))
	for i, one := range f.runners {
		out[i] = measure.Subject{Name: one.peer.Name, Run: func(from, n int) {
			wrong := 0
			for j := range n {
				k := int(order[(from+j)%len(order)])
				v, err := one.cache.Get(ctx, f.asked[k])
				if err != nil || !f.kind.Is(v, k) {
					wrong++
				}
			}
			if wrong > 0 {
				one.wrong.Add(int64(wrong))
			}
		}}
	}
	return out
}

// hitsOnly does what, and fails if a contestant has called its loader meanwhile, or
// had a wrong answer.
func (f *field[V]) hitsOnly(what func()) error {
	before := make([]int64, len(f.runners))
	for i, one := range f.runners {
		before[i] = one.loads.Load()
	}
	what()
	for i, one := range f.runners {
		if n := one.loads.Load() - before[i]; n > 0 {
			return fmt.Errorf("%s: %d loads instead of hits", one.peer.Name, n)
		}
		if n := one.wrong.Load(); n > 0 {
			return fmt.Errorf("%s: %d wrong answers", one.peer.Name, n)
		}
	}
	return nil
}

// those returns the contestants that ok is true of.
func those[V any](ok func(peers.Peer[V]) bool) (out []peers.Peer[V]) {
	for _, p := range peers.All[V]() {
		if ok(p) {
			out = append(out, p)
		}
	}
	return out
}

// index returns which contestant has that name.
func (f *field[V]) index(name string) int {
	return slices.IndexFunc(f.runners, func(r *runner[V]) bool { return r.peer.Name == name })
}
