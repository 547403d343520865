// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// ReadMany returns the function that asks the distributed layer for many requests
// at once, and then answers each as the reader of [Distributed] does. All of it is
// done within the longest DistributedTimeout of the requests. ctx must end when the
// last of them has been answered.
func ReadMany(s *Shared, l *Local) func(ctx context.Context, rs []core.Request) core.Handler {
	alone := reader(s, l)
	return func(ctx context.Context, rs []core.Request) core.Handler {
		ended := ctx
		ctx, cancel := context.WithTimeout(ctx, longest(rs))
		context.AfterFunc(ended, cancel)
		found, asked := askMany(ctx, s, l, rs)
		return func(_ context.Context, r core.Request) (core.Result, error) {
			if res, ok := again(l, r); ok {
				return res, nil
			}
			f, ok := found[r.Key]
			switch {
			case !ok:
				return alone(ctx, r) // it was in memory when the others were asked for
			case f.err != nil:
				return core.Result{}, f.err
			}
			return settle(ctx, s, l, r, f.Found, asked)
		}
	}
}

// askMany asks for those of rs that memory does not hold by now, and for the marks
// that what was found will be judged by.
func askMany(ctx context.Context, s *Shared, l *Local, rs []core.Request) (map[string]*foundMany, core.Instant) {
	var keys []string
	var held []core.Meta
	for _, r := range rs {
		if _, ok := again(l, r); !ok {
			keys = append(keys, r.Key)
		}
		if r.Held != nil {
			held = append(held, r.Held.Meta())
		}
	}
	l.learnMany(ctx, held)
	asked := l.clock.Now()
	found := make(map[string]*foundMany, len(keys))
	var metas []core.Meta
	all := l.readWithEpoch(ctx, s, keys)
	for i := range all {
		f := &all[i]
		found[keys[i]] = f
		if f.Payload != nil {
			metas = append(metas, f.Meta)
		}
	}
	if l.marks != nil && len(metas) > 0 {
		l.marks.prefetch(ctx, metas)
	}
	return found, asked
}

// readWithEpoch reads keys and, if it is not known, the mark of the whole cache beside
// them: a part of the layer that hangs may use up all the time, and then nothing of
// what the others have answered could be judged.
func (l *Local) readWithEpoch(ctx context.Context, s *Shared, keys []string) (all []foundMany) {
	if l.marks == nil || len(keys) < 2 || l.marks.Sure(nil) {
		return s.readMany(ctx, keys)
	}
	together(2, func(i int) {
		if i == 0 {
			all = s.readMany(ctx, keys)
		} else {
			l.marks.read(ctx, "")
		}
	})
	return all
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
	l.marks.prefetch(ctx, unknown)
	for i := range unknown {
		l.marks.Learn(ctx, &unknown[i])
	}
}
