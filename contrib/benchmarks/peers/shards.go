// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
)

const shardCount = 256

// shards is a map in many parts with a lock each: no expiry, and what it does to
// keep its bound is crude.
type shards[V any] struct {
	seed  maphash.Seed
	most  int // entries in a part
	load  load.Func[V]
	parts [shardCount]part[V]
}

type part[V any] struct {
	mu     sync.RWMutex
	values map[string]V
	_      [32]byte
}

func newShards[V any](c Config[V]) (Cache[V], error) {
	s := &shards[V]{seed: maphash.MakeSeed(), most: c.Capacity/shardCount*5/4 + 8, load: c.Load}
	for i := range s.parts {
		s.parts[i].values = make(map[string]V)
	}
	return s, nil
}

// Get implements Cache.
func (s *shards[V]) Get(ctx context.Context, key string) (V, error) {
	p := &s.parts[maphash.String(s.seed, key)%shardCount]
	p.mu.RLock()
	v, ok := p.values[key]
	p.mu.RUnlock()
	if ok {
		return v, nil
	}
	v, err := s.load(ctx, key)
	if err != nil {
		return v, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.values) >= s.most {
		for victim := range p.values {
			delete(p.values, victim)
			break
		}
	}
	p.values[key] = v
	return v, nil
}

// Close implements Cache.
func (s *shards[V]) Close() {}
