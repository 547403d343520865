// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// Beat says every Heartbeat that this node lives, and judges what it has heard,
// until ctx ends. What fails is tried less and less often until the node has
// joined again.
//
// Each node does so at moments of its own, so that many that are started at once do
// not beat, ask and suspect in step; in a crowd each leaves out other beats.
func (r *Receiver) Beat(ctx context.Context) {
	beats, reads := r.pauses(r.options.Heartbeat), r.pauses(r.options.Heartbeat)
	reads.attempt(r.local.clock.Now(), func() bool { return r.refresh(ctx) })
	select {
	case <-ctx.Done():
		return
	case <-time.After(r.phase()):
	}
	r.retried()
	ticker := time.NewTicker(r.options.Heartbeat)
	defer ticker.Stop()
	tick := r.notifier.node.Node()
	for {
		now := r.local.clock.Now()
		if tick%uint64(r.slowdown()) == 0 || r.news() {
			beats.attempt(now, func() bool { return r.beat(ctx) })
		}
		reads.attempt(now, func() bool { return r.refresh(ctx) })
		select {
		case <-ctx.Done():
			return
		case <-r.rejoined:
			beats.reset()
			reads.reset()
		case <-ticker.C:
			tick++
			r.judge()
		}
	}
}

// retry has Beat try at once what has failed.
func (r *Receiver) retry() {
	select {
	case r.rejoined <- struct{}{}:
	default:
	}
}

// retried takes back what retry has asked for.
func (r *Receiver) retried() {
	select {
	case <-r.rejoined:
	default:
	}
}

// phase returns when within the time of a Heartbeat this node beats: a whole
// number of milliseconds, as are all limits of the library.
func (r *Receiver) phase() time.Duration {
	const grain = time.Millisecond
	grains := max(1, uint64(r.options.Heartbeat/grain))
	return time.Duration(r.notifier.node.Node()%grains) * grain
}

func (r *Receiver) slowdown() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.peers.slowdown()
}

// news reports whether this node has drawn a new mark of the whole cache that it has
// not told of.
func (r *Receiver) news() bool {
	return r.local.marks != nil && r.local.marks.renewed.Load() != noTidings
}

// beat says that this node lives, and tells of a new mark of the whole cache: the
// others would find out only when theirs is old.
func (r *Receiver) beat(ctx context.Context) (ok bool) {
	ctx, cancel := context.WithTimeout(ctx, r.options.Heartbeat)
	defer cancel()
	if r.notifier.beat(ctx, r.local.clock.Now()) != nil {
		return false
	}
	r.spread(ctx)
	return true
}

// What there is to tell of a mark of the whole cache that this node has drawn.
const (
	noTidings    uint32 = iota
	firstDrawn          // it knew none: only nodes that lived before may know another
	anotherDrawn        // it knew one, as others do
)

func tidingsOf(before mark) uint32 {
	if before.gen.IsZero() {
		return firstDrawn
	}
	return anotherDrawn
}

// spread tells the others that there is a new mark of the whole cache, if this node
// has drawn one and they may know another.
func (r *Receiver) spread(ctx context.Context) {
	m := r.local.marks
	if m == nil || m.renewed.Load() == noTidings {
		return
	}
	r.mu.Lock()
	elder, young := r.peers.elder(r.notifier.beatCount.Load())
	r.mu.Unlock()
	tidings := m.renewed.Swap(noTidings)
	switch {
	case tidings == anotherDrawn || elder:
		if r.notifier.Send(ctx, wire.MessageClearedSoft, "", core.Version{}) != nil {
			m.renewed.CompareAndSwap(noTidings, tidings)
		}
	case young:
		m.renewed.CompareAndSwap(noTidings, tidings)
	}
}

// refresh takes no longer than half a beat: a server that hangs must not make
// this node look silent.
func (r *Receiver) refresh(ctx context.Context) (ok bool) {
	if r.local.marks == nil {
		return true
	}
	within, cancel := context.WithTimeout(ctx, r.options.Heartbeat/2)
	defer cancel()
	return r.local.marks.Refresh(within)
}

// missing is why a gap is suspected most often.
const missing = "a message is missing"

// judge makes memory suspect if that is due, and looks for nodes that are silent.
func (r *Receiver) judge() {
	why, quiet := r.verdict()
	r.local.pulse.quiet.Store(int64(quiet))
	if why != "" {
		r.suspected(why)
	}
}

// verdict makes memory suspect and returns why that is worth telling, if it is, and
// since when a node has been silent.
func (r *Receiver) verdict() (why string, quiet core.Instant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.local.clock.Now()
	lost, quiet := r.peers.check(now)
	missed := r.peers.settle(now)
	why = r.due
	if lost {
		why = missing
	}
	if missed || why != "" {
		r.local.Suspect()
	}
	r.due = ""
	r.believe()
	return why, quiet
}

// gap makes memory suspect: at once, or in a crowd, which has often lost its
// server as a whole, at the next tick, so that the nodes do not come in step. Until
// then nothing is trusted that is not trusted now.
func (r *Receiver) gap(why string) {
	r.mu.Lock()
	crowd := r.peers.slowdown() > 1
	if crowd {
		r.due = why
	}
	r.mu.Unlock()
	if !crowd {
		r.local.Suspect()
		r.suspected(why)
	}
}

func (r *Receiver) suspected(why string) {
	r.events.Emit(core.Event{Kind: core.GapSuspected, Level: core.LevelBackplane, Detail: why})
}
