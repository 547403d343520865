// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

// lane is the way of one of many keys that memory did not answer at first sight. The
// keys share the reading of the distributed layer and the call of the factory; all
// else is as for a single key, its flight included.
type lane[V any] struct {
	index   int // of the key, among the caller's
	key     string
	full    string // the key with its prefix
	options *core.EntryOptions
	found   look
	answer  *core.Answer       // of the distributed layer; nil if the lane asks it itself
	member  *resilience.Member // nil without a factory
	value   V
	ok      bool
	err     error
}

// many is one operation on many keys.
type many[V any] struct {
	cache *Cache[V]
	op    core.Op
	most  int // keys
	lanes []*lane[V]
	spare []lane[V] // made ahead, several in one piece
}

// add takes in a key that memory did not answer. The same key is taken once.
func (m *many[V]) add(index int, key string, found look) {
	if len(m.spare) == 0 {
		m.spare = make([]lane[V], min(max(len(m.lanes), 4), 64, m.most-len(m.lanes)))
	}
	l := &m.spare[0]
	m.spare = m.spare[1:]
	l.index, l.key, l.found = index, key, found
	m.lanes = append(m.lanes, l)
}

// run answers every lane. The error is one that stands for all.
func (m *many[V]) run(ctx context.Context, f resilience.ManyFactory, opts []core.Option) error {
	if m.cache.stack.closed.Load() {
		return &core.Error{Op: m.op, Err: core.ErrClosed}
	}
	o, err := m.cache.resolve(opts)
	if err != nil {
		return &core.Error{Op: m.op, Err: err}
	}
	open := m.enter(o, opts, f)
	m.ask(ctx, open)
	m.together(ctx, m.atOnce(ctx, open))
	return nil
}

// enter makes the lanes ready whose keys are valid.
func (m *many[V]) enter(o *core.EntryOptions, opts []core.Option, f resilience.ManyFactory) (open []*lane[V]) {
	var convoy *resilience.Convoy
	if f != nil {
		convoy = resilience.NewConvoy(f)
	}
	open = make([]*lane[V], 0, len(m.lanes))
	for _, l := range m.lanes {
		if l.options, l.err = m.cache.admit(l.key, o, opts); l.err != nil {
			continue
		}
		l.full = m.cache.prefix + l.key
		if convoy != nil {
			l.member = convoy.Join()
		}
		open = append(open, l)
	}
	return open
}

// request is what goes down the path of a lane.
func (m *many[V]) request(l *lane[V]) core.Request {
	r := core.Request{Key: l.full, Options: l.options, Codec: m.cache.codec, Answer: l.answer}
	if l.member != nil {
		r.Factory = l.member
	}
	return r
}

// ask reads the distributed layer for all lanes that need it.
func (m *many[V]) ask(ctx context.Context, open []*lane[V]) {
	s := m.cache.stack
	if s.readMany == nil {
		return
	}
	asking, rs := make([]*lane[V], 0, len(open)), make([]core.Request, 0, len(open))
	for _, l := range open {
		r := m.request(l)
		ask := !r.Options.Skip.Has(core.SkipDistributedRead)
		if ask && l.found != absent {
			r.Held, ask = s.local.Look(r)
		}
		if ask {
			r.Factory = nil // a read has none
			asking, rs = append(asking, l), append(rs, r)
		}
	}
	if len(rs) < 2 {
		return // the lane does it itself
	}
	answers := s.reads.Together(ctx, rs, readPatience, s.readMany)
	for i, l := range asking {
		l.answer = &answers[i]
	}
}

// readPatience is how long a reader waits for the distributed layer.
func readPatience(r core.Request) time.Duration {
	if r.Held == nil {
		return 0
	}
	return r.Options.DistributedSoftTimeout
}

// atOnce answers, one after the other, the lanes that need not wait for a factory,
// and returns the others.
func (m *many[V]) atOnce(ctx context.Context, open []*lane[V]) (slow []*lane[V]) {
	now := m.cache.stack.clock.Now()
	for _, l := range open {
		a := l.answer
		if l.member == nil || a != nil && a.Err == nil && a.Result.Entry != nil && a.Result.Entry.State(now) == core.Fresh {
			m.answer(ctx, l)
		} else {
			slow = append(slow, l)
		}
	}
	return slow
}

// together answers lanes at the same time: each may wait for its flight, and in the
// end they wait for each other to call the factory.
func (m *many[V]) together(ctx context.Context, slow []*lane[V]) {
	if len(slow) == 0 {
		return
	}
	if w := m.cache.stack.writer; w.Shared != nil {
		ctx = w.GatherFills(ctx)
		m.expect(ctx, slow)
	}
	var others sync.WaitGroup
	for _, l := range slow[1:] {
		others.Go(func() { m.answer(ctx, l) })
	}
	m.answer(ctx, slow[0])
	others.Wait()
}

// expect has the marks ready that the loads of the lanes need, unless the server has
// just failed to answer.
func (m *many[V]) expect(ctx context.Context, slow []*lane[V]) {
	var tags [][]string
	var limit time.Duration
	for _, l := range slow {
		o := l.options
		if a := l.answer; a == nil || a.Err == nil {
			tags, limit = append(tags, o.Tags), max(limit, o.DistributedTimeout)
		}
	}
	if len(tags) > 1 {
		m.cache.stack.writer.Expect(ctx, limit, tags)
	}
}

// answer sends the request of a lane down its path.
func (m *many[V]) answer(ctx context.Context, l *lane[V]) {
	if l.member != nil {
		defer l.member.Leave()
	}
	res, err := m.cache.stack.path(l.member != nil, l.found)(ctx, m.request(l))
	if err != nil {
		l.err = err
		return
	}
	if res.Entry != nil {
		l.value, l.err = m.cache.value(res.Entry, l.options.Clone)
		l.ok = l.err == nil
	}
}

// path returns the path for a request whose key was found so in memory.
func (s *Stack) path(loads bool, found look) core.Handler {
	switch {
	case loads && found == absent:
		return s.paths.loadMissed
	case loads:
		return s.paths.load
	case found == absent:
		return s.paths.readMissed
	}
	return s.paths.read
}

// failure returns the error of the operation on keys, if a lane has one. That there
// is no value is not an error.
func failure[K comparable, V any](m *many[V], keys []K) error {
	var errs core.KeyErrors[K]
	for _, l := range m.lanes {
		if l.err == nil || errors.Is(l.err, core.ErrNotFound) {
			continue
		}
		if errs == nil {
			errs = core.KeyErrors[K]{}
		}
		errs[keys[l.index]] = l.err
	}
	if errs == nil {
		return nil
	}
	return &core.Error{Op: m.op, Err: errs}
}

// manyReader returns what reads the distributed layer for many requests, nil if there
// is none.
func (s *Stack) manyReader() func(context.Context, []core.Request) func(i int) (core.Result, error) {
	if s.writer.Shared == nil {
		return nil
	}
	return coherence.ReadMany(s.writer.Shared, s.local)
}
