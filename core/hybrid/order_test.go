// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/adapters/locallock"
	"github.com/fusioncache-go/fusioncache/core"
)

// orderedPair is two stages of the pipeline, and an invariant that holds only if
// the one is outside of the other.
type orderedPair struct {
	outer, inner string
	holds        func(*orderRig) error
}

var orderedPairs = []orderedPair{
	{"observe", "memory", throttledAnswersAreObserved},
	{"memory", "eager", dueHitIsRefreshedBehindIt},
	{"eager", "distributed", dueHitIsRefreshedBehindIt},
	{"memory", "distributed", throttledAnswersNeedNoServer},
	{"distributed", "fail-safe", staleValueOfTheServerIsAFallback},
	{"fail-safe", "recheck", newerValueIsPreferredToAStaleOne},
	{"fail-safe", "timeout", impatienceIsRescued},
	{"recheck", "timeout", valueOnItsWayToTheServerIsAnAnswer},
	{"timeout", "stampede", waitersHaveTheirOwnPatience},
	{"timeout", "back-off", impatienceIsNoFailure},
	{"back-off", "stampede", refusalNeedsNoFlight},
	{"stampede", "second look", valueStoredJustBeforeTheFlightIsFound},
	{"second look", "commit", whatWasFoundIsNotWrittenAgain},
	{"second look", "node lock", whatMemoryHasNeedsNoLock},
	{"node lock", "commit", lockIsHeldUntilTheResultCanBeFound},
	{"commit", "deadline", slowFactoryDoesNotCutTheCommitShort},
}

// Each neighbouring pair of the pipeline, and some that have another stage in
// between, has an invariant that holds in the order of pipeline.go and breaks
// when the two are swapped. docs/pipeline.md gives the reasons in words.
func TestOrder_SwappingNeighboursBreaksAnInvariant(t *testing.T) {
	for _, pair := range orderedPairs {
		t.Run(pair.outer+" around "+pair.inner, func(t *testing.T) {
			if err := runOrder(t, pair.outer, pair.inner, false, pair.holds); err != nil {
				t.Errorf("in order: %v", err)
			}
			if err := runOrder(t, pair.outer, pair.inner, true, pair.holds); err == nil {
				t.Error("swapped: nothing breaks")
			}
		})
	}
}

// Nobody can add a stage without a reason for its place.
func TestOrder_EveryNeighbouringPairIsListed(t *testing.T) {
	s := Must(assemble(Options{Name: "order", Memory: orderMemory{new(sync.Map)}, Distributed: Must(localdist.New(nil)), Serializer: orderJSON{}, Locker: locallock.New()}))
	rows := s.pipeline()
	for i := range rows[1:] {
		listed := slices.ContainsFunc(orderedPairs, func(p orderedPair) bool { return p.outer == rows[i].name && p.inner == rows[i+1].name })
		if !listed {
			t.Errorf("nothing shows why %s is around %s", rows[i].name, rows[i+1].name)
		}
	}
}

// orderRig is a stack whose pipeline may have two stages swapped.
type orderRig struct {
	ctx     context.Context
	stack   *Stack
	cache   *Cache[int]
	server  *countingLayer
	locks   *locallock.Locker
	observe atomic.Int64
	between func(r core.Request) // called inside of the outer one
}

func runOrder(t *testing.T, outer, inner string, swap bool, holds func(*orderRig) error) (err error) {
	synctest.Test(t, func(t *testing.T) {
		rig := &orderRig{ctx: t.Context(), server: &countingLayer{DistributedLayer: Must(localdist.New(nil))}, locks: locallock.New()}
		rig.stack = Must(assemble(Options{
			Name: "order", Memory: orderMemory{new(sync.Map)}, Distributed: rig.server, Serializer: orderJSON{}, Locker: rig.locks,
			Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, Throttle: time.Minute},
		}))
		rig.stack.events.Listen("test", core.StaleHit, func(core.Event) { rig.observe.Add(1) })
		rows := rig.stack.pipeline()
		at := slices.IndexFunc(rows, func(s stage) bool { return s.name == outer })
		in := slices.IndexFunc(rows, func(s stage) bool { return s.name == inner })
		if at < 0 || in <= at {
			t.Fatalf("%s is not outside of %s", outer, inner)
		}
		if swap {
			rows[at].Stage, rows[in].Stage = rows[in].Stage, rows[at].Stage
			rows[at].on, rows[in].on = rows[in].on, rows[at].on
		}
		probe := func(next core.Handler) core.Handler {
			return func(ctx context.Context, r core.Request) (core.Result, error) {
				if rig.between != nil {
					rig.between(r)
				}
				return next(ctx, r)
			}
		}
		rows = slices.Insert(rows, at+1, stage{"probe", loading | reading | missed, probe})
		rig.stack.paths = rig.stack.compose(rows)
		rig.cache = Must(Of[int](rig.stack, "v"))
		err = holds(rig)
		err = errors.Join(err, rig.stack.Close(context.Background()))
	})
	return err
}

func (r *orderRig) get(f func(context.Context, string) (int, error), opts ...core.Option) (int, error) {
	return r.cache.GetOrSet(r.ctx, "k", f, opts...)
}

var errSource = errors.New("source is down")

func failing(context.Context, string) (int, error) { return 0, errSource }

func after(d time.Duration, v int) func(context.Context, string) (int, error) {
	return func(ctx context.Context, _ string) (int, error) {
		select {
		case <-time.After(d):
			return v, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// throttle brings the key into a throttle window.
func (r *orderRig) throttle() error {
	_, err := r.get(after(0, 1))
	time.Sleep(61 * time.Second)
	_, also := r.get(failing)
	return errors.Join(err, also)
}

func throttledAnswersAreObserved(r *orderRig) error {
	err := r.throttle()
	before := r.observe.Load()
	_, also := r.get(failing)
	if r.observe.Load() != before+1 {
		return errors.New("a stale answer from memory was not observed")
	}
	return errors.Join(err, also)
}

func throttledAnswersNeedNoServer(r *orderRig) error {
	err := r.throttle()
	before := r.server.gets.Load()
	_, also := r.get(failing)
	if r.server.gets.Load() != before {
		return errors.New("an answer from memory asked the server")
	}
	return errors.Join(err, also)
}

// due brings the key to where a hit has it refreshed.
func (r *orderRig) due() error {
	_, err := r.get(after(0, 1), core.EagerRefresh(0.5))
	time.Sleep(31 * time.Second)
	return err
}

func dueHitIsRefreshedBehindIt(r *orderRig) error {
	err := r.due()
	start := time.Now()
	v, also := r.get(after(time.Second, 2), core.EagerRefresh(0.5))
	if v != 1 || time.Since(start) != 0 {
		return fmt.Errorf("got %d after %v", v, time.Since(start))
	}
	time.Sleep(2 * time.Second)
	if v, _, _ = r.cache.Get(r.ctx, "k"); v != 2 {
		return fmt.Errorf("no refresh: still %d", v)
	}
	return errors.Join(err, also)
}

func staleValueOfTheServerIsAFallback(r *orderRig) error {
	_, err := r.get(after(0, 1), core.Without(core.SkipMemoryWrite))
	time.Sleep(61 * time.Second)
	_, also := r.get(failing)
	return errors.Join(err, also)
}

func impatienceIsRescued(r *orderRig) error {
	_, err := r.get(after(0, 1))
	time.Sleep(61 * time.Second)
	_, also := r.get(after(time.Minute, 2), core.SoftTimeout(time.Second))
	return errors.Join(err, also)
}

func newerValueIsPreferredToAStaleOne(r *orderRig) error {
	_, err := r.get(after(0, 1))
	time.Sleep(61 * time.Second)
	v, also := r.get(func(ctx context.Context, _ string) (int, error) {
		_, _ = r.cache.Set(ctx, "k", 2)
		return 0, errSource
	})
	if v != 2 {
		return errors.New("the stale value was served, though a newer one had been written")
	}
	return errors.Join(err, also)
}

func valueOnItsWayToTheServerIsAnAnswer(r *orderRig) error {
	_, _ = r.cache.GetOrSet(r.ctx, "other", after(0, 0)) // what the first load asks for once
	r.server.delay = 10 * time.Second
	v, err := r.get(after(0, 1), core.HardTimeout(time.Second), core.DistributedTimeouts(0, time.Minute))
	if err == nil && v != 1 {
		err = errors.New("another value")
	}
	return err
}

func impatienceIsNoFailure(r *orderRig) error {
	_, _ = r.get(after(3*time.Second, 1), core.HardTimeout(time.Second), core.ErrorBackoff(time.Hour))
	time.Sleep(time.Second)
	_, err := r.get(after(0, 2), core.ErrorBackoff(time.Hour))
	return err
}

func refusalNeedsNoFlight(r *orderRig) error {
	flights := 0
	r.between = func(core.Request) { flights = max(flights, r.stack.loads.Len()) }
	for range 2 {
		flights = 0
		_, _ = r.get(failing, core.ErrorBackoff(time.Hour))
	}
	if flights != 0 {
		return errors.New("a caller that was refused had a flight")
	}
	return nil
}

func waitersHaveTheirOwnPatience(r *orderRig) error {
	var leader sync.WaitGroup
	leader.Go(func() { _, _ = r.get(after(10*time.Second, 1)) })
	defer leader.Wait()
	time.Sleep(time.Second)
	start := time.Now()
	_, _ = r.get(after(10*time.Second, 2), core.HardTimeout(time.Second))
	if time.Since(start) != time.Second {
		return errors.New("a waiter was held longer than it wanted to wait")
	}
	return nil
}

func valueStoredJustBeforeTheFlightIsFound(r *orderRig) error {
	r.between = func(req core.Request) {
		// Another flight has stored its result since this caller looked.
		now := r.stack.clock.Now()
		r.stack.local.Commit(req.Key, nil, core.Live(7, req.Options.Meta(now, now)))
	}
	v, err := r.get(after(0, 1))
	if err == nil && v != 7 {
		err = errors.New("the factory was called")
	}
	return err
}

func whatWasFoundIsNotWrittenAgain(r *orderRig) error {
	_, err := r.get(after(0, 1))
	before := r.server.sets.Load()
	full := core.Request{Key: r.cache.prefix + "k", Options: &r.cache.options, Codec: r.cache.codec,
		Factory: function[int](failing)}
	_, also := r.stack.paths.loadMissed(r.ctx, r.skipServer(full))
	if r.server.sets.Load() != before {
		return errors.New("a value found by the second look was written again")
	}
	return errors.Join(err, also)
}

// skipServer makes a request go past the distributed layer's read.
func (r *orderRig) skipServer(req core.Request) core.Request {
	o := *req.Options
	o.Skip |= core.SkipDistributedRead
	req.Options = &o
	return req
}

func whatMemoryHasNeedsNoLock(r *orderRig) error {
	name := lockPrefix("order") + r.cache.prefix + "k"
	held, err := r.locks.TryLock(r.ctx, name, time.Hour)
	r.server.got = func() {
		// Another flight has stored its result since this caller looked.
		now := r.stack.clock.Now()
		r.stack.local.Commit(r.cache.prefix+"k", nil, core.Live(7, r.cache.options.Meta(now, now)))
	}
	start := time.Now()
	_, also := r.get(after(0, 1), core.NodeLock(time.Minute))
	if time.Since(start) > 0 {
		also = errors.New("a caller waited for a lock, though memory had the value")
	}
	return errors.Join(err, also, held.Release(r.ctx))
}

func lockIsHeldUntilTheResultCanBeFound(r *orderRig) error {
	r.server.delay = time.Second
	name := lockPrefix("order") + r.cache.prefix + "k"
	var early error
	r.server.stores = func() {
		if held, err := r.locks.TryLock(r.ctx, name, time.Hour); err != nil || held != nil {
			early = errors.New("the lock was free before the result was stored")
		}
	}
	_, err := r.get(after(0, 1), core.NodeLock(time.Minute))
	return errors.Join(early, err)
}

func slowFactoryDoesNotCutTheCommitShort(r *orderRig) error {
	r.server.delay = 200 * time.Millisecond
	_, err := r.get(after(900*time.Millisecond, 1), core.LoadTimeout(time.Second))
	if r.server.sets.Load() == 0 {
		return errors.New("the result did not reach the server")
	}
	return err
}

// countingLayer counts what reaches a distributed layer, and may slow writes.
type countingLayer struct {
	core.DistributedLayer
	gets, sets atomic.Int64
	delay      time.Duration
	got        func() // called after a read; nil: nothing
	stores     func() // called before a write; nil: nothing
}

func (c *countingLayer) Get(ctx context.Context, key string) ([]byte, bool, error) {
	c.gets.Add(1)
	if c.got != nil && strings.Contains(key, ":1:e:") {
		defer c.got()
	}
	return c.DistributedLayer.Get(ctx, key)
}

func (c *countingLayer) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	select {
	case <-time.After(c.delay):
	case <-ctx.Done():
		return ctx.Err()
	}
	c.sets.Add(1)
	if c.stores != nil && strings.Contains(key, ":1:e:") {
		c.stores()
	}
	return c.DistributedLayer.Set(ctx, key, data, ttl)
}

type orderMemory struct{ m *sync.Map }

func (m orderMemory) Get(key string) (*core.Entry, bool) {
	e, ok := m.m.Load(key)
	if !ok {
		return nil, false
	}
	return e.(*core.Entry), true
}

func (m orderMemory) Set(key string, e *core.Entry) error { m.m.Store(key, e); return nil }
func (m orderMemory) Delete(key string)                   { m.m.Delete(key) }

type orderJSON struct{}

func (orderJSON) Marshal(v any) ([]byte, error)      { return json.Marshal(v) }
func (orderJSON) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }
