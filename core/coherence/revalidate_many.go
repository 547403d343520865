// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
)

// doubts are copies that are asked about by their headers, each with the metadata that
// it has if it still is the last write.
type doubts struct {
	requests []core.Request
	metas    []core.Meta
}

// doubtsOf splits rs into the copies that the layer is asked about by their headers, and
// the keys that are read whole: all, if it cannot read many headers.
func (l *Local) doubtsOf(ctx context.Context, s *Shared, rs []core.Request) (d doubts, whole []string) {
	whole = make([]string, 0, len(rs))
	if s.headers == nil {
		return d, append(whole, keysOf(rs)...)
	}
	l.prefetchHeld(ctx, rs)
	for _, r := range rs {
		if m, ok := l.doubtedNow(ctx, r); ok {
			d.requests, d.metas = append(d.requests, r), append(d.metas, m)
		} else {
			whole = append(whole, r.Key)
		}
	}
	return d, whole
}

// doubtedNow is doubted for one of many requests: marks that could not be learned a
// moment ago are not asked for again.
func (l *Local) doubtedNow(ctx context.Context, r core.Request) (m core.Meta, ok bool) {
	if r.Held == nil {
		return m, false
	}
	if m = r.Held.Meta(); l.Standing(&m) == Unknown {
		return m, false
	}
	return l.doubted(ctx, r)
}

// prefetchHeld reads, in one go, the marks that what rs hold is judged by.
func (l *Local) prefetchHeld(ctx context.Context, rs []core.Request) {
	if l.marks == nil {
		return
	}
	var held []*core.Stamp
	for _, r := range rs {
		if r.Held != nil {
			held = append(held, r.Held.Stamp())
		}
	}
	l.marks.prefetch(ctx, held)
}

func keysOf(rs []core.Request) []string {
	keys := make([]string, len(rs))
	for i, r := range rs {
		keys[i] = r.Key
	}
	return keys
}

// settleDoubts reads the headers of the copies in one go, and in another one those
// values whole of which the copies are not the last write any more.
func (l *Local) settleDoubts(ctx context.Context, s *Shared, d doubts) []foundMany {
	out := make([]foundMany, len(d.requests))
	var changed []int
	var keys []string
	for i, got := range s.headersOf(ctx, keysOf(d.requests)) {
		r := d.requests[i]
		h, ok, err := s.header(r.Key, got)
		switch {
		case err != nil:
			out[i].err = err
		case l.holds(r, h, ok) || mutation.On(mutation.BlindBatch):
			out[i].same = &d.metas[i]
		default:
			changed, keys = append(changed, i), append(keys, r.Key)
		}
	}
	for n, f := range l.readWhole(ctx, s, keys) {
		out[changed[n]] = f
	}
	return out
}
