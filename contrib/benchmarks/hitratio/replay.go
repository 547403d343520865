// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hitratio

import (
	"container/list"
	"context"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
)

// Replay returns the share of requests that a contestant with room for capacity
// entries answers without its loader. Values are the strings of 64 bytes.
func Replay(ctx context.Context, t Trace, p peers.Peer[string], capacity int) (float64, error) {
	loads := 0
	cache, err := p.New(peers.Config[string]{Capacity: capacity, Load: func(_ context.Context, key string) (string, error) {
		loads++
		return load.Text().Make(load.Number(key)), nil
	}})
	if err != nil {
		return 0, err
	}
	defer cache.Close()
	for _, k := range t.Keys {
		if _, err := cache.Get(ctx, load.Key(int(k))); err != nil {
			return 0, err
		}
	}
	return 1 - float64(loads)/float64(len(t.Keys)), nil
}

// LRU returns the share of hits of a cache that drops what was not used for longest.
func LRU(t Trace, capacity int) float64 {
	order := list.New()
	held := make(map[uint32]*list.Element, capacity)
	hits := 0
	for _, k := range t.Keys {
		if e, ok := held[k]; ok {
			hits++
			order.MoveToFront(e)
			continue
		}
		if order.Len() >= capacity {
			delete(held, order.Remove(order.Back()).(uint32))
		}
		held[k] = order.PushFront(k)
	}
	return float64(hits) / float64(len(t.Keys))
}

// Optimum returns the share of hits of Bélády's policy, which knows the future: it
// drops what is not asked for again for longest, and that may be what just came.
func Optimum(t Trace, capacity int) float64 {
	next := followers(t.Keys)
	held := make(map[uint32]int, capacity) // when each is asked for next
	var queue farthest
	hits := 0
	for i, k := range t.Keys {
		if _, ok := held[k]; ok {
			hits++
		} else if len(held) >= capacity {
			far := queue.top(held)
			if next[i] >= far.at {
				continue
			}
			delete(held, far.key)
		}
		held[k] = next[i]
		queue.push(event{k, next[i]})
	}
	return float64(hits) / float64(len(t.Keys))
}

// followers returns for every request which is the next for the same key.
func followers(keys []uint32) []int {
	next := make([]int, len(keys))
	seen := map[uint32]int{}
	for i := len(keys) - 1; i >= 0; i-- {
		next[i] = len(keys)
		if at, ok := seen[keys[i]]; ok {
			next[i] = at
		}
		seen[keys[i]] = i
	}
	return next
}

// event is when a key is asked for.
type event struct {
	key uint32
	at  int
}

// farthest is a heap of events, the last on top. Those that have passed stay in it
// until they come up.
type farthest []event

func (q *farthest) push(e event) {
	*q = append(*q, e)
	h := *q
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if h[up].at >= h[i].at {
			return
		}
		h[up], h[i] = h[i], h[up]
		i = up
	}
}

func (q *farthest) pop() {
	h := *q
	last := len(h) - 1
	h[0] = h[last]
	h = h[:last]
	*q = h
	for i := 0; ; {
		down := 2*i + 1
		if down >= len(h) {
			return
		}
		if down+1 < len(h) && h[down+1].at > h[down].at {
			down++
		}
		if h[i].at >= h[down].at {
			return
		}
		h[i], h[down] = h[down], h[i]
		i = down
	}
}

// top returns the last event of a key that is held.
func (q *farthest) top(held map[uint32]int) event {
	for {
		e := (*q)[0]
		if at, ok := held[e.key]; ok && at == e.at {
			return e
		}
		q.pop()
	}
}
