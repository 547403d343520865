// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

// Verdict is what to do with an entry that memory holds.
type Verdict uint8

// The verdicts.
const (
	Ignore     Verdict = iota // dead, or not there
	Hold                      // not to be served now, but fail-safe can use it
	Serve                     // fresh
	ServeStale                // stale, in a throttle window
)

// Judge decides about key's entry, with metadata m, at now.
func (l *Local) Judge(key string, m *core.Meta, now core.Instant, o *core.EntryOptions) Verdict {
	standing := l.Standing(m)
	if standing == Revoked {
		return Ignore
	}
	switch m.State(now) {
	case core.Fresh:
		if standing == Valid && l.Trusted(m.Checked, now) || standing <= Unknown && l.justWritten(key, m, now) {
			return Serve
		}
		return Hold
	case core.Throttled:
		if now < o.Rescues(m) && l.spares(m, standing, now) {
			return ServeStale
		}
		return Hold
	case core.Stale:
		return Hold
	}
	return Ignore
}

var errType = errors.New("entry holds a value of another type")

// Memory returns the stage that looks into memory: what is fresh is the answer,
// what is not goes on as Request.Held. Package hybrid answers fresh hits before
// the chain.
//
// Outside of a flight, an entry whose refresh is due goes on as Request.Held too,
// though it is fresh: resilience.Eager answers with it.
func Memory(l *Local) core.Stage { return looking(l, l.missed) }

// anotherLook returns the stage that looks into memory for a request that has been
// there: inside a flight, for a caller that missed before the previous flight had stored
// its result, and the like. That it finds nothing is no news; what it holds must be usable,
// as those who come after may ask nobody.
func anotherLook(l *Local) core.Stage {
	look := looking(l, func(string) {})
	return func(next core.Handler) core.Handler {
		return look(func(ctx context.Context, r core.Request) (core.Result, error) {
			r.Held = l.usable(r.Held)
			return next(ctx, r)
		})
	}
}

func looking(l *Local, missed func(key string)) core.Stage {
	return func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			if r.Options.Skip.Has(core.SkipMemoryRead) {
				return next(ctx, r)
			}
			e, ok := l.Get(r.Key)
			if !ok {
				missed(r.Key)
				return next(ctx, r)
			}
			m := e.Meta()
			verdict := l.Judge(r.Key, &m, l.clock.Now(), r.Options)
			if verdict == Ignore {
				missed(r.Key)
				return next(ctx, r)
			}
			if verdict == Serve {
				l.remark(r.Key, e)
				l.Use(r.Key, &m, l.clock.Now())
			}
			live, err := Revive(r.Codec, e)
			if err != nil {
				l.events.Emit(core.Event{Kind: core.DecodeFailed, Key: r.Key, Level: core.LevelMemory, Op: core.OpDecode, Err: err})
				missed(r.Key)
				return next(ctx, r)
			}
			if verdict == ServeStale && r.Factory == nil {
				verdict = Hold // a plain read serves stale entries only when asked to
			}
			if verdict == Serve && r.Factory != nil && r.Token == nil && m.Due(l.clock.Now()) {
				verdict = Hold
			}
			if verdict == Hold {
				r.Held = live
				return next(ctx, r)
			}
			return core.Result{Entry: live, Level: core.LevelMemory, Stale: verdict == ServeStale}, nil
		}
	}
}

// missed tells that memory has nothing for a request.
func (l *Local) missed(key string) { l.tell(core.MemoryMissed, key, nil, ownCall) }

// Revive returns e with a live value of the codec's type, decoding if need be.
func Revive(c core.Codec, e *core.Entry) (*core.Entry, error) {
	if c.Holds(e) {
		return e, nil
	}
	if e.Payload() == nil {
		return nil, errType
	}
	return c.Decode(e.Payload(), e.Meta())
}
