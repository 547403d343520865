// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
)

// some are some of many requests: their keys, and their places among all.
type some struct {
	places []int
	keys   []string
}

func (s *some) add(place int, key string) {
	s.places, s.keys = append(s.places, place), append(s.keys, key)
}

// doubts are copies that are asked about by their headers, each with the request for it
// and the metadata that it has if it still is the last write.
type doubts struct {
	some
	requests []core.Request
	metas    []core.Meta
}

// doubtsOf splits those of rs that are open into the copies that the layer is asked
// about by their headers, and what is read whole: all, if it cannot read many headers.
func (l *Local) doubtsOf(ctx context.Context, s *Shared, rs []core.Request, open []int) (d doubts, whole some) {
	whole = some{make([]int, 0, len(open)), make([]string, 0, len(open))}
	if s.headers != nil {
		l.prefetchHeld(ctx, rs, open)
	}
	for _, i := range open {
		r := &rs[i]
		if m, ok := l.doubtedNow(ctx, s, r); ok {
			d.add(i, r.Key)
			d.requests, d.metas = append(d.requests, *r), append(d.metas, m)
		} else {
			whole.add(i, r.Key)
		}
	}
	return d, whole
}

// doubtedNow is doubted for one of many requests: marks that could not be learned a
// moment ago are not asked for again.
func (l *Local) doubtedNow(ctx context.Context, s *Shared, r *core.Request) (m core.Meta, ok bool) {
	if r.Held == nil || s.headers == nil {
		return m, false
	}
	if m = r.Held.Meta(); l.Standing(&m) == Unknown {
		return m, false
	}
	return l.doubted(ctx, *r)
}

// prefetchHeld reads, in one go, the marks that what the open ones of rs hold is judged
// by.
func (l *Local) prefetchHeld(ctx context.Context, rs []core.Request, open []int) {
	if l.marks == nil {
		return
	}
	var held []*core.Stamp
	for _, i := range open {
		if e := rs[i].Held; e != nil {
			held = append(held, e.Stamp())
		}
	}
	l.marks.prefetch(ctx, held)
}

// settleDoubts reads the headers of the copies in one go, and in another one those
// values whole of which the copies are not the last write any more.
func (l *Local) settleDoubts(ctx context.Context, s *Shared, d doubts) []foundMany {
	out := make([]foundMany, len(d.requests))
	var changed []int
	var keys []string
	for i, got := range s.headersOf(ctx, d.keys) {
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
