// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"cmp"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
)

// PulseOptions say when a node stops to believe that it hears everything.
type PulseOptions struct {
	// Heartbeat is how often a node says that it lives. Zero: 1 s.
	Heartbeat time.Duration

	// Crowd is how many nodes may do so. If more are known, all beat more slowly,
	// in proportion, so that no node hears more than Crowd beats in the time of a
	// Heartbeat. Zero: 100.
	Crowd int

	// Silence is how long nothing may be heard of oneself, or of a node that was
	// heard before: in a crowd longer, in proportion. Nothing at all may be heard
	// for no longer than this and up to a Heartbeat, however many nodes there are.
	// It must be longer than Heartbeat. Zero: two beats and a half, at least 2.5 s.
	Silence time.Duration

	// GapWait is how long a message that was overtaken by a later one may take to
	// come. Zero: 500 ms.
	GapWait time.Duration

	// DegradedTTL is how long, after more than Silence, an entry in memory is
	// believed before it is checked again. Zero: 2 s.
	DegradedTTL time.Duration

	// AloneTTL is how long, after more than Silence, entries in memory go on to be the
	// answer while the distributed layer does not answer either. A longer one, or
	// core.Forever, makes memory last through an outage; the price is that a node which
	// alone is cut off serves for that long what the others have overwritten.
	// Zero: DegradedTTL.
	AloneTTL time.Duration

	// ReadLag is how far the answers of the distributed layer may be behind what was
	// written to it, as those of a replica are. What was written before this node
	// listened, or while messages were lost, it may learn that much later: so what it
	// has read meanwhile is checked once more. Lives must end on time all the same, as
	// they do on a replica of Redis. Zero: every read sees all writes before it, as one
	// of a primary does.
	ReadLag time.Duration

	// Forget is how long a silent node keeps the others degraded; then it counts
	// as gone. Zero: 5 min.
	Forget time.Duration
}

// Validate returns what contradicts itself in o, or nil.
func (o PulseOptions) Validate() error {
	if o = o.withDefaults(); o.Silence <= o.Heartbeat {
		return errors.New("the option Silence must be longer than Heartbeat")
	}
	return nil
}

func (o PulseOptions) withDefaults() PulseOptions {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&o.Heartbeat, time.Second},
		{&o.GapWait, 500 * time.Millisecond},
		{&o.DegradedTTL, 2 * time.Second},
		{&o.Forget, 5 * time.Minute},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if o.Silence == 0 {
		o.Silence = max(2500*time.Millisecond, min(o.Heartbeat, core.Forever/3)/2*5)
	}
	o.AloneTTL = cmp.Or(o.AloneTTL, o.DegradedTTL)
	o.Crowd = cmp.Or(o.Crowd, 100)
	return o
}

// pulse is what a node knows of its own hearing, for the hit path: three atomic reads,
// and one more if the distributed layer lags. It answers from the present time and not
// from timers, so that the first read after the process was paused already knows.
type pulse struct {
	suspect  atomic.Int64 // when messages were lost last: entries checked before are not believed
	echoes   atomic.Pointer[echoes]
	hears    atomic.Int64 // until when the node is believed to hear what is sent
	quiet    atomic.Int64 // since when another node has been silent for too long; Never: none is
	degraded time.Duration
	alone    time.Duration
	lag      time.Duration // of what the distributed layer answers
}

// unchecked is when an entry was last checked that is not to be believed.
const unchecked core.Instant = math.MinInt64

func (p *pulse) init() {
	p.suspect.Store(int64(unchecked) + 1)
	p.echoes.Store(noEchoes())
	p.hears.Store(math.MaxInt64) // without a backplane there is nothing to hear
	p.quiet.Store(int64(core.Never))
}

func (p *pulse) trusts(checked, now core.Instant) bool {
	if p.suspects(checked, now) && !mutation.On(mutation.NoRevalidation) {
		return false
	}
	if int64(now) <= p.hears.Load() && p.quiet.Load() == int64(core.Never) {
		return true
	}
	return now.Sub(checked) < p.degraded || mutation.On(mutation.NoDegraded)
}

// lose notes that messages have been lost until now.
func (p *pulse) lose(now core.Instant) {
	for p.lag > 0 {
		before := p.echoes.Load()
		if after := before.after(now, p.lag); p.echoes.CompareAndSwap(before, &after) {
			break
		}
	}
	p.suspect.Store(int64(now))
}

// suspects reports whether what was checked then may have missed something: it was
// before messages were lost for the last time, or so soon after that the answer may
// have been from before, and by now another one is not.
func (p *pulse) suspects(checked, now core.Instant) bool {
	return checked < core.Instant(p.suspect.Load()) || p.lag > 0 && p.echoes.Load().due(checked, now)
}

// plausible is trusts for when nobody can be asked: whether everything was heard
// until a moment ago, or the entry was checked just then.
func (p *pulse) plausible(checked, now core.Instant) bool {
	if p.recent(checked, now) {
		return true
	}
	return !p.suspects(checked, now) && int64(now)-int64(p.alone) <= min(p.hears.Load(), p.quiet.Load())
}

// recent reports whether what was checked then counts while nobody can be asked,
// even if messages have been lost since.
func (p *pulse) recent(checked, now core.Instant) bool {
	return checked != unchecked && (p.alone == core.Forever || now.Sub(checked) < p.alone)
}
