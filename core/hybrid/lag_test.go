// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

const lag = 10 * time.Second

// replica is a distributed layer that answers reads from what it held a while ago, as
// a follower of a server does; lag says how long.
type replica struct {
	*localdist.Store
	lag time.Duration

	mu   sync.Mutex
	past map[string][]state
}

// state is what was under a key from a moment on.
type state struct {
	from time.Time
	data []byte
}

func newReplica() *replica {
	return &replica{Store: hybrid.Must(localdist.New(nil)), past: make(map[string][]state)}
}

func (r *replica) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	ruling, err := r.Store.Arbitrate(ctx, key, w)
	data, _, _ := r.Store.Get(ctx, key)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.past[key] = append(r.past[key], state{time.Now(), data})
	return ruling, err
}

// lags sets how far reads are behind.
func (r *replica) lags(by time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lag = by
}

func (r *replica) Get(_ context.Context, key string) (data []byte, ok bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.past[key] {
		if !s.from.After(time.Now().Add(-r.lag)) {
			data = s.data
		}
	}
	return data, data != nil, nil
}

func (r *replica) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	data, ok, err := r.Get(ctx, key)
	return data[:min(len(data), core.HeaderSize)], ok, err
}

// lagging starts nodes over a server that will lag; what they know of it, they know
// from before.
type lagging struct {
	server   *replica
	bus      *localbus.Bus
	channels []*localbus.Channel
	caches   []*hybrid.Cache[int]
}

func startLagging(t *testing.T, n int) *lagging {
	l := &lagging{server: newReplica(), bus: hybrid.Must(localbus.NewBus(nil))}
	for range n {
		l.start(t)
	}
	return l
}

func (l *lagging) start(t *testing.T) *hybrid.Cache[int] {
	channel := l.bus.Channel(hybrid.Channel("app"))
	c := open[int](t, hybrid.Options{
		Distributed: l.server, Backplane: channel, Pulse: coherence.PulseOptions{ReadLag: lag},
		Defaults: core.EntryOptions{TTL: time.Hour},
	})
	synctest.Wait()
	l.channels, l.caches = append(l.channels, channel), append(l.caches, c)
	return c
}

// What a node reads when it has just begun may be from before a write that it could
// not hear of. It does not keep that.
func TestLag_ANodeThatHasJustBegunDoesNotKeepWhatItReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startLagging(t, 1)
		set(t, l.caches[0], 1)
		l.server.lags(0)
		time.Sleep(lag)
		set(t, l.caches[0], 2)
		l.server.lags(lag)
		late := l.start(t)
		expectUntilItIsSeen(t, late)
	})
}

// startWithAGap starts two nodes. The second has a 1 and has missed the message of a 2;
// the server lags from now on, and it knows that there was a gap.
func startWithAGap(t *testing.T) *lagging {
	l := startLagging(t, 2)
	set(t, l.caches[0], 1)
	expectHit(t, l.caches[1], 1)
	time.Sleep(lag)
	l.channels[1].Disconnect()
	set(t, l.caches[0], 2)
	l.channels[1].Reconnect()
	synctest.Wait()
	l.server.lags(lag)
	return l
}

func TestLag_WhatIsCheckedAfterAGapIsCheckedOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startWithAGap(t)
		expectUntilItIsSeen(t, l.caches[1])
	})
}

// A gap that is noticed while the server still answers from before another puts nothing
// off.
func TestLag_AGapPutsNothingOffThatIsCheckedForTheOneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startWithAGap(t)
		for range 3 {
			time.Sleep(lag/4 + time.Millisecond)
			l.channels[1].Disconnect()
			l.channels[1].Reconnect()
			synctest.Wait()
			expectHit(t, l.caches[1], 1)
		}
		time.Sleep(lag / 4)
		expectHit(t, l.caches[1], 2)
	})
}

// expectUntilItIsSeen reads 1 for as long as the server lags: nobody can know better.
// Then a read must show the write of 2, which this node could not hear of: at the latest
// when a gap would have been noticed last.
func expectUntilItIsSeen(t *testing.T, c *hybrid.Cache[int]) {
	t.Helper()
	const noticed = 5 * time.Second
	expectHit(t, c, 1)
	for range (lag + noticed) / time.Second {
		time.Sleep(time.Second)
		_, _, _ = c.Get(t.Context(), "k")
	}
	expectHit(t, c, 2)
}

// A write that was heard of is a fence: what is older is not read.
func TestLag_WhatIsOlderThanAWriteThatWasHeardOfIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startLagging(t, 2)
		set(t, l.caches[0], 1)
		expectHit(t, l.caches[1], 1)
		time.Sleep(lag)
		l.server.lags(lag)
		set(t, l.caches[0], 2)
		synctest.Wait()
		expectMiss(t, l.caches[1])
		time.Sleep(lag)
		expectHit(t, l.caches[1], 2)
	})
}

// The same for removals by tag and of everything: the mark from before is no answer.
func TestLag_AMarkFromBeforeARemovalIsNotBelieved(t *testing.T) {
	removals := map[string]func(*hybrid.Cache[int]) (core.Outcome, error){
		"by tag": func(c *hybrid.Cache[int]) (core.Outcome, error) {
			return c.Stack().RemoveByTag(context.Background(), "tag")
		},
		"of everything": func(c *hybrid.Cache[int]) (core.Outcome, error) {
			return c.Stack().Clear(context.Background())
		},
	}
	for name, remove := range removals {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := startLagging(t, 2)
				set(t, l.caches[0], 1, core.Tags("tag"))
				expectHit(t, l.caches[1], 1)
				time.Sleep(lag)
				l.server.lags(lag)
				if outcome, err := remove(l.caches[0]); outcome != core.Committed || err != nil {
					t.Fatal(outcome, err)
				}
				for range 20 {
					for _, c := range l.caches {
						synctest.Wait()
						expectMiss(t, c)
					}
					time.Sleep(time.Second)
				}
				set(t, l.caches[0], 2, core.Tags("tag"))
				time.Sleep(lag)
				expectHit(t, l.caches[1], 2)
			})
		})
	}
}
