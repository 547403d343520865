// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package otelplug

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel/trace"

	"github.com/fusioncache-go/fusioncache/core"
)

// links finds the span of the load that a reader waits for and that another has begun.
// A load does not know who waits for it, nor they what they wait for; but both are
// inside of the plugin, under the same key, at the same time. So a reader is given the
// load that runs when it comes, or else the first that begins while it is there. Where
// a load begins beside another that has lost the right to store, that may be the other.
//
// Only spans that are recorded take part. It holds no more than is under way. Safe for
// concurrent use.
type links struct {
	mu   sync.Mutex
	keys map[string]*shared
}

// shared is the readers and the loads of one key that are under way.
type shared struct {
	readers map[*reader]struct{}
	loads   int
	last    trace.SpanContext // of the load that has begun last
}

// reader is a read that may wait for a load. Its fields are guarded by the lock of links.
type reader struct {
	load   trace.SpanContext // the one that it waits for
	before trace.SpanContext // one that had ended, and may have been about to be stored
	own    bool              // it has begun one itself
}

type readerKey struct{}

func newLinks() *links { return &links{keys: make(map[string]*shared)} }

// reading is the stage around a read, inside of its span.
func (l *links) reading(next core.Handler) core.Handler {
	return func(ctx context.Context, r core.Request) (res core.Result, err error) {
		span := trace.SpanFromContext(ctx)
		if r.Factory == nil || !span.IsRecording() {
			return next(ctx, r)
		}
		own := l.come(r.Key)
		defer func() {
			load := l.leave(r.Key, own)
			if load.IsValid() && (err != nil || res.Stale || res.Level == core.LevelFactory) {
				span.AddLink(trace.Link{SpanContext: load})
			}
		}()
		return next(context.WithValue(ctx, readerKey{}, own), r)
	}
}

// loading is the stage around a load, inside of its span.
func (l *links) loading(next core.Handler) core.Handler {
	return func(ctx context.Context, r core.Request) (core.Result, error) {
		span := trace.SpanContextFromContext(ctx)
		if !span.IsSampled() {
			return next(ctx, r)
		}
		own, _ := ctx.Value(readerKey{}).(*reader)
		l.begin(r.Key, span, own)
		defer l.end(r.Key)
		return next(ctx, r)
	}
}

func (l *links) come(key string) *reader {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, own := l.of(key), &reader{}
	if s.loads > 0 {
		own.load = s.last
	} else {
		own.before = s.last
	}
	s.readers[own] = struct{}{}
	return own
}

// leave returns the load that own has waited for, if that is another's.
func (l *links) leave(key string, own *reader) trace.SpanContext {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.keys[key]
	delete(s.readers, own)
	l.tidy(key, s)
	switch {
	case own.own:
		return trace.SpanContext{}
	case own.load.IsValid():
		return own.load
	}
	return own.before
}

// begin notes a load, and that own has begun it, if that is not nil.
func (l *links) begin(key string, load trace.SpanContext, own *reader) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if own != nil {
		own.own = true
	}
	s := l.of(key)
	s.loads++
	s.last = load
	for r := range s.readers {
		if !r.load.IsValid() {
			r.load = load
		}
	}
}

func (l *links) end(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.keys[key]
	s.loads--
	l.tidy(key, s)
}

// of returns what is under way for key. The lock is held.
func (l *links) of(key string) *shared {
	s := l.keys[key]
	if s == nil {
		s = &shared{readers: make(map[*reader]struct{})}
		l.keys[key] = s
	}
	return s
}

// tidy forgets s if nothing is under way any more. The lock is held.
func (l *links) tidy(key string, s *shared) {
	if s.loads == 0 && len(s.readers) == 0 {
		delete(l.keys, key)
	}
}
