// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/core"
)

var (
	_ core.BatchReader  = (*Layer)(nil)
	_ core.BatchArbiter = (*Layer)(nil)

	_ core.BatchHeaderReader = (*Layer)(nil)
)

// maxTogether is how many operations of a batch are under way at a time. They
// share one connection, so more would wait there.
const maxTogether = 32

// GetMany implements [core.BatchReader]: KV reads one key at a time, so it makes
// up to 32 reads at once.
func (l *Layer) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	out := make([]core.Got, len(keys))
	together(len(keys), func(i int) {
		out[i].Data, out[i].OK, out[i].Err = l.Get(ctx, keys[i])
	})
	return out, nil
}

// ReadHeaders implements [core.BatchHeaderReader]: up to 32 at once. Each carries the
// whole value, as [Layer.ReadHeader] does; what it saves is to decode and keep those
// that have not changed.
func (l *Layer) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	out := make([]core.Got, len(keys))
	together(len(keys), func(i int) {
		out[i].Data, out[i].OK, out[i].Err = l.ReadHeader(ctx, keys[i])
	})
	return out, nil
}

// ArbitrateMany implements [core.BatchArbiter]: up to 32 at once.
func (l *Layer) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	out := make([]core.Ruled, len(writes))
	together(len(writes), func(i int) {
		out[i].Ruling, out[i].Err = l.Arbitrate(ctx, writes[i].Key, writes[i].Write)
	})
	return out, nil
}

// together calls do for 0 to n-1, several at a time, and waits for all.
func together(n int, do func(i int)) {
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(i)
		}
	}
	var workers sync.WaitGroup
	for range min(n, maxTogether) - 1 {
		workers.Go(work)
	}
	work()
	workers.Wait()
}
