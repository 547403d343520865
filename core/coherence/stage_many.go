// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// ReadMany returns the function that asks the distributed layer for many requests
// at once; what it returns then answers each, by its place among them, as the reader of
// [Distributed] does. All of it is done within the longest DistributedTimeout of the
// requests. ctx must end when the last of them has been answered.
func ReadMany(s *Shared, l *Local) func(ctx context.Context, rs []core.Request) (answer func(i int) (core.Result, error)) {
	alone := reader(s, l)
	return func(ctx context.Context, rs []core.Request) func(int) (core.Result, error) {
		within, cancel := context.WithTimeout(ctx, longest(rs))
		_ = cancel // it ends with the one that it is derived from
		found := askMany(within, s, l, rs)
		if ctx.Err() == nil {
			l.askedMany(found)
		}
		return func(i int) (core.Result, error) {
			f := found[i]
			switch {
			case f == nil:
				return alone(within, rs[i]) // it was in memory when the others were asked for, and most likely is
			case f.err != nil:
				return core.Result{}, f.err
			case f.same != nil:
				return l.reassured(rs[i], *f.same), nil
			}
			return settle(within, s, l, rs[i], f.Found, f.asked)
		}
	}
}

// askMany asks for those of rs that memory does not hold by now, and for the marks
// that what was found will be judged by. What memory holds is nil.
func askMany(ctx context.Context, s *Shared, l *Local, rs []core.Request) []*foundMany {
	open := make([]int, 0, len(rs))
	var held []core.Meta
	for i, r := range rs {
		if _, ok := again(l, r); !ok {
			open = append(open, i)
		}
		if r.Held != nil {
			held = append(held, r.Held.Meta())
		}
	}
	l.learnMany(ctx, held)
	d, unheld := l.doubtsOf(ctx, s, rs, open)
	whole, checked := l.readBoth(ctx, s, unheld.keys, d)
	found := make([]*foundMany, len(rs))
	for i := range whole {
		found[unheld.places[i]] = &whole[i]
	}
	for i := range checked {
		found[d.places[i]] = &checked[i]
	}
	if l.marks != nil {
		l.marks.prefetch(ctx, stamps(whole, checked))
	}
	return found
}

// askedMany is asked for many keys: a layer that answers for some of them is there.
func (l *Local) askedMany(found []*foundMany) {
	asked, answered := false, false
	for _, f := range found {
		asked = asked || f != nil
		answered = answered || f != nil && f.err == nil
	}
	if asked {
		l.asked(answered)
	}
}

// readBoth reads keys whole and asks about copies in doubt, at the same time.
func (l *Local) readBoth(ctx context.Context, s *Shared, keys []string, d doubts) (whole, checked []foundMany) {
	if len(d.keys) == 0 {
		return l.readWithEpoch(ctx, s, keys), nil
	}
	together(2, func(i int) {
		if i == 0 {
			whole = l.readWithEpoch(ctx, s, keys)
		} else {
			checked = l.settleDoubts(ctx, s, d)
		}
	})
	return whole, checked
}

// readWithEpoch reads keys and, if it is not known, the mark of the whole cache beside
// them: a part of the layer that hangs may use up all the time, and then nothing of
// what the others have answered could be judged.
func (l *Local) readWithEpoch(ctx context.Context, s *Shared, keys []string) (all []foundMany) {
	if l.marks == nil || len(keys) < 2 || l.marks.Sure(nil) {
		return l.readWhole(ctx, s, keys)
	}
	together(2, func(i int) {
		if i == 0 {
			all = l.readWhole(ctx, s, keys)
		} else {
			l.marks.read(ctx, "")
		}
	})
	return all
}

// readWhole reads keys, and notes which writes of this node the layer may not have had.
func (l *Local) readWhole(ctx context.Context, s *Shared, keys []string) []foundMany {
	all, now := make([]foundMany, len(keys)), l.clock.Now()
	for i, key := range keys {
		all[i].asked = l.asks(key, now)
	}
	s.readMany(ctx, keys, now, all)
	return all
}

// stamps returns those of the entries that were found.
func stamps(parts ...[]foundMany) (out []*core.Stamp) {
	for _, all := range parts {
		for i := range all {
			if all[i].Payload != nil {
				out = append(out, all[i].Meta.Stamp)
			}
		}
	}
	return out
}

// longest returns the longest time that one of rs has for the distributed layer.
func longest(rs []core.Request) (d time.Duration) {
	for _, r := range rs {
		d = max(d, r.Options.DistributedTimeout)
	}
	return d
}

// learnMany is learn for many entries.
func (l *Local) learnMany(ctx context.Context, held []core.Meta) {
	if l.marks == nil {
		return
	}
	var unknown []core.Meta
	for i := range held {
		if l.Standing(&held[i]) == Unknown {
			unknown = append(unknown, held[i])
		}
	}
	if len(unknown) == 0 {
		return
	}
	judged := make([]*core.Stamp, len(unknown))
	for i := range unknown {
		judged[i] = unknown[i].Stamp
	}
	l.marks.prefetch(ctx, judged)
	for i := range unknown {
		l.marks.Learn(ctx, &unknown[i])
	}
}
