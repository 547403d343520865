// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
)

// Distributed returns the stage that reads the distributed layer: what is fresh
// there is stored in memory and is the answer; what is stale goes on as
// Request.Held, if it is newer than what is held. A failure is a miss, unless
// there is no factory and the caller asked for errors.
//
// coalesce makes one read, one decoding and one promotion of all that are asked
// for at once; resilience.Stampede.Stage does. While a load of the key is under
// way, as loading says, nothing is read: the request looks into memory again and
// goes on to join the load; SecondLook makes up for it if that has just ended.
// loading may be nil. The stage belongs outside of FailSafe, so that what it finds
// can serve as the fallback.
func Distributed(s *Shared, l *Local, coalesce core.Stage, loading Underway) core.Stage {
	read := coalesce(reader(s, l))
	return func(next core.Handler) core.Handler {
		join, rest := anotherLook(l)(next), l.sparing(next)
		blind := l.sparing(func(ctx context.Context, r core.Request) (core.Result, error) {
			return next(ctx, blindly(ctx, s, r))
		})
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			if l.joins(r, loading) {
				r.Unread = true
				return join(ctx, r)
			}
			if skipsRead(r, l.clock) {
				r.Held = l.usable(r.Held)
				return blind(ctx, r)
			}
			res, err := s.answer(ctx, r, read)
			if err != nil && ctx.Err() != nil {
				return core.Result{}, err
			}
			r.Held = l.usable(r.Held)
			switch {
			case err != nil && l.plausible(r.Key, r.Held):
				return core.Result{Entry: r.Held, Level: core.LevelMemory}, nil
			case err != nil && returns(r):
				return core.Result{}, err
			case err != nil:
				return rest(ctx, r)
			case res.Entry != nil && res.Entry.State(l.clock.Now()) == core.Fresh:
				return res, nil
			}
			r.Seen = res.Seen
			r.Held = newer(l.survives(r.Key, r.Held, res.Seen), res.Entry)
			if r.Factory != nil && r.Held != nil && r.Held == res.Entry && l.revalidating(r) {
				return core.Result{Entry: r.Held, Level: core.LevelDistributed, Stale: true, Seen: res.Seen}, nil
			}
			return rest(ctx, r)
		}
	}
}

// answer reads, unless that has been done for many requests at once. That the soft limit
// has passed is an error of the layer, too.
func (s *Shared) answer(ctx context.Context, r core.Request, read core.Handler) (res core.Result, err error) {
	if r.Answer != nil {
		res, err = r.Answer.Result, r.Answer.Err
	} else {
		r.Factory = nil // it has no part in the flight of the read
		res, err = patient(ctx, r, read)
	}
	if _, wrapped := errors.AsType[*core.LayerError](err); !wrapped && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = s.failed(core.OpGet, r.Key, err)
	}
	return res, err
}

// returns reports whether r is to be answered with the error of the layer: the caller has
// asked for it, and not for the stale value that there may be.
func returns(r core.Request) bool {
	return r.Factory == nil && r.Options.ReturnLayerErrors && !(r.Options.AllowStale && r.Held != nil)
}

// skipsRead reports whether the layer is not to be read. An entry that would be fresh,
// but is in doubt, is one to ask about.
func skipsRead(r core.Request, clock core.Clock) bool {
	if r.Options.Skip.Has(core.SkipDistributedReadWhenStale) && r.Held != nil && r.Held.State(clock.Now()) != core.Fresh {
		return true
	}
	return r.Options.Skip.Has(core.SkipDistributedRead)
}

// patient reads within the soft limit, if there is something held to go on with.
func patient(ctx context.Context, r core.Request, read core.Handler) (core.Result, error) {
	soft := r.Options.DistributedSoftTimeout
	if r.Held == nil || soft <= 0 || soft == core.Forever {
		return read(ctx, r)
	}
	within, cancel := context.WithTimeout(ctx, soft)
	defer cancel()
	return read(within, r)
}

// reader returns the handler that one flight of readers shares.
func reader(s *Shared, l *Local) core.Handler {
	return func(ctx context.Context, r core.Request) (core.Result, error) {
		if res, ok := again(l, r); ok {
			return res, nil
		}
		within := s.timers.Within(ctx, r.Options.DistributedTimeout)
		defer within.End()
		res, err := ask(within.Context, s, l, r)
		if err == nil || ctx.Err() == nil { // or else nobody has waited for the answer
			l.asked(err == nil)
		}
		return res, err
	}
}

// ask asks the distributed layer for r.
func ask(ctx context.Context, s *Shared, l *Local, r core.Request) (core.Result, error) {
	l.learn(ctx, r.Held)
	if res, ok, err := revalidate(ctx, s, l, r); ok || err != nil {
		return res, err
	}
	asked := l.asks(r.Key, l.clock.Now())
	found, err := s.read(ctx, r.Key, asked.at)
	if err != nil {
		return core.Result{}, err
	}
	return settle(ctx, s, l, r, found, asked)
}

// settle makes a result of what was found in the distributed layer, and stores it in
// memory.
func settle(ctx context.Context, s *Shared, l *Local, r core.Request, found Found, asked asking) (core.Result, error) {
	res := core.Result{Level: core.LevelDistributed, Seen: found.Seen}
	if own, ok := unfinished(l, r, found.Seen, asked.at); ok {
		return own, nil
	}
	now := l.clock.Now()
	e, err := l.admit(ctx, r, found, asked, now)
	if err != nil {
		s.unreadable(r.Key, err)
	}
	if e == nil {
		l.vacant(r, found, asked.at)
		return res, nil
	}
	res.Entry = e
	if e.State(now) == core.Fresh || newer(r.Held, e) == e {
		promote(l, r, e, found.Payload, now)
	} else if same(r.Held, e) {
		l.agreed(r, asked.at)
	}
	return res, nil
}

// asking is when the distributed layer was asked for a key, and which write of this
// node it may not have had then.
type asking struct {
	at  core.Instant
	own core.Version
}

// asks returns what is to be known before the distributed layer is asked for key at now.
func (l *Local) asks(key string, now core.Instant) asking {
	own, _ := l.debts.owes(key)
	return asking{now, own}
}

// admit returns the entry that was found in the distributed layer, for memory, by now; nil
// if it does not count. A write of this node that has arrived since the layer was asked
// makes the answer no newer.
func (l *Local) admit(ctx context.Context, r core.Request, found Found, asked asking, now core.Instant) (*core.Entry, error) {
	v := found.Meta.Version
	late := l.predates(v, asked.own) && !mutation.On(mutation.NoFence) // a fence would stop most of it, too
	if found.Payload == nil || late || !l.admits(r.Key, v, now) {
		return nil, nil // nothing, or a copy that lags behind what this node knows
	}
	m := rescuable(r.Options.LocalMeta(found.Meta, now), r.Options, found.ended)
	if l.marks != nil {
		m.Stamp = l.marks.marked(m.Stamp, l.marks.changes.Load())
		switch l.marks.meet(ctx, &m) {
		case Revoked, Unknown: // what is not known is not valid
			return nil, nil
		case Outdated:
			m.Stale = min(m.Stale, l.clock.Now())
			m = m.Invalidated()
		}
	}
	return r.Codec.Decode(found.Payload, m)
}

// rescuable returns m for as long as o can use it, if a call has ended the life of the
// entry at an instant, which memory does not keep.
func rescuable(m core.Meta, o *core.EntryOptions, ended core.Instant) core.Meta {
	if !m.Ended() || o.StaleIfError <= 0 {
		return m
	}
	end := ended.Add(o.StaleIfError)
	if o.FailSafe() {
		end = max(end, m.Rescued())
	}
	m.Dead = min(m.Dead, end)
	return m
}

// again looks into memory once more, for a caller that missed there before the
// flight ahead of this one had stored what it read. So a crowd reads once.
func again(l *Local, r core.Request) (res core.Result, ok bool) {
	if r.Options.Skip.Has(core.SkipMemoryRead) {
		return res, false
	}
	e, ok := l.Get(r.Key)
	if !ok {
		return res, false
	}
	m := e.Meta()
	now := l.clock.Now()
	if l.Judge(r.Key, &m, now, r.Options) != Serve {
		return res, false
	}
	l.Use(r.Key, &m, now)
	e, err := Revive(r.Codec, e)
	return core.Result{Entry: e, Level: core.LevelMemory}, err == nil
}

// unfinished answers with a write of this node that the distributed layer lacks: it has
// just been seen to have nothing newer.
func unfinished(l *Local, r core.Request, seen *core.Seen, asked core.Instant) (res core.Result, ok bool) {
	if r.Held == nil || r.Held.State(l.clock.Now()) != core.Fresh || !l.debts.ahead(r.Key, r.Held.Version(), seen, l.skew) {
		return res, false
	}
	m := r.Held.Meta()
	if l.Standing(&m) != Valid {
		return res, false
	}
	m.Checked = asked
	l.Confirm(r.Key, r.Token, m)
	return core.Result{Entry: r.Held.With(m), Level: core.LevelMemory, Seen: seen}, true
}

// blindly finds out what a fill has to compare with, for a load that is not to
// read the value itself.
func blindly(ctx context.Context, s *Shared, r core.Request) core.Request {
	if r.Factory == nil || r.Options.Skip.Has(core.SkipDistributedWrite) {
		return r
	}
	ctx, cancel := context.WithTimeout(ctx, r.Options.DistributedTimeout)
	defer cancel()
	r.Seen, _ = s.Seen(ctx, r.Key)
	return r
}

// promote stores what was read in memory, if nothing was written meanwhile.
func promote(l *Local, r core.Request, e *core.Entry, payload []byte, now core.Instant) {
	switch {
	case e.State(now) == core.Dead:
		return
	case r.Options.Skip.Has(core.SkipMemoryWrite):
		l.Overtaken(r.Key, e)
		return
	}
	if l.Bytes() != nil || r.Options.Clone {
		e = e.WithPayload(payload)
	}
	if !l.adopt(r.Key, r.Token, e, now) {
		l.events.Emit(core.Event{Kind: core.Fenced, Key: r.Key})
	}
}

// newer returns the one of two stale entries that was written later, and held if
// they are the same write: that one knows of its throttle windows.
func newer(held, found *core.Entry) *core.Entry {
	switch {
	case found == nil:
		return held
	case held == nil:
		return found
	case held.Version().Same(found.Version()) || held.Version().Compare(found.Version()) > 0:
		return held
	}
	return found
}
