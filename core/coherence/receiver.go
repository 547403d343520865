// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// Receiver applies what the other nodes tell to memory, and knows when it may
// have missed something. It implements core.Subscriber. Safe for concurrent use.
type Receiver struct {
	local    *Local
	versions *Versions
	notifier *Notifier
	options  PulseOptions
	events   *core.Events
	prefixes Prefixes

	mu     sync.Mutex
	peers  *peers
	joins  int
	bridge core.Instant // when a subscription was repaired without a gap
}

// NewReceiver returns the receiver of the node that n sends for. events may be
// nil.
func NewReceiver(local *Local, v *Versions, n *Notifier, o PulseOptions, events *core.Events) *Receiver {
	o = o.withDefaults()
	local.pulse.silence, local.pulse.degraded = o.Silence, o.DegradedTTL
	local.pulse.heard.Store(math.MinInt64) // until the first join, nothing is heard
	return &Receiver{local: local, versions: v, notifier: n, options: o, events: events, peers: newPeers(o)}
}

// The pauses between attempts to subscribe: the first, and the longest. Each is
// shortened by up to a half at random, so that nodes do not come in step.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// Run subscribes to b, again and again, until ctx ends.
func (r *Receiver) Run(ctx context.Context, b core.Backplane) {
	random := rand.New(rand.NewPCG(r.notifier.node.Node(), 0)) // of its own for each node
	pause := firstPause
	for {
		joins := r.joined()
		err := b.Subscribe(ctx, r)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("subscription ended")
		}
		r.events.Emit(core.Event{Kind: core.LayerFailed, Level: core.LevelBackplane, Op: core.OpSubscribe, Err: err})
		if r.joined() > joins {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause - time.Duration(random.Int64N(int64(pause/2)))):
		}
		pause = min(2*pause, longestPause)
	}
}

// Beat says every Heartbeat that this node lives, and judges what it has heard,
// until ctx ends.
func (r *Receiver) Beat(ctx context.Context) {
	ticker := time.NewTicker(r.options.Heartbeat)
	defer ticker.Stop()
	for {
		within, cancel := context.WithTimeout(ctx, r.options.Heartbeat)
		_ = r.notifier.beat(within, r.local.clock.Now())
		cancel()
		r.refresh(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.judge()
		}
	}
}

// refresh takes no longer than half a beat: a server that hangs must not make
// this node look silent.
func (r *Receiver) refresh(ctx context.Context) {
	if r.local.marks == nil {
		return
	}
	within, cancel := context.WithTimeout(ctx, r.options.Heartbeat/2)
	defer cancel()
	r.local.marks.Refresh(within)
}

func (r *Receiver) judge() {
	r.mu.Lock()
	lost, silent := r.peers.check(r.local.clock.Now())
	r.mu.Unlock()
	r.local.pulse.silent.Store(silent)
	if lost {
		r.gap("a message is missing")
	}
}

// gap makes memory suspect.
func (r *Receiver) gap(why string) {
	r.local.Suspect()
	r.events.Emit(core.Event{Kind: core.GapSuspected, Level: core.LevelBackplane, Detail: why})
}

func (r *Receiver) joined() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.joins
}

// Joined implements core.Subscriber. What was stored in memory before the node
// heard all messages is not trusted any more.
func (r *Receiver) Joined(gapless bool) {
	now := r.local.clock.Now()
	r.mu.Lock()
	r.joins++
	first := r.joins == 1
	// What this node has sent so far, it need not hear: it may have been refused.
	r.peers.expect(r.notifier.node, r.notifier.seq.Load()+1, now)
	if gapless {
		r.bridge = now
	}
	r.mu.Unlock()
	if first {
		r.local.Suspect()
	} else if !gapless && !mutation.On(mutation.NoRejoin) {
		r.gap("subscribed again")
	}
	// After a repair without a gap, what was missed comes next. All of it has come
	// when a message does that this node sends from now on.
	if !gapless {
		r.hear(now)
	}
	r.events.Emit(core.Event{Kind: core.Joined, Level: core.LevelBackplane})
}

// hear notes that messages sent at the instant sent arrive. After a long silence
// nobody knows what else did not, unless the subscription knows.
func (r *Receiver) hear(sent core.Instant) {
	before := core.Instant(r.local.pulse.heard.Load())
	if sent <= before {
		return
	}
	r.mu.Lock()
	since := max(before, r.bridge)
	r.mu.Unlock()
	if before != math.MinInt64 && sent.Sub(since) > r.options.Silence && !mutation.On(mutation.NoGap) {
		r.gap("own messages did not arrive")
	}
	r.local.pulse.heard.Store(int64(sent))
}

// Message implements core.Subscriber.
func (r *Receiver) Message(data []byte) {
	m, err := wire.ParseMessage(data)
	if err != nil {
		// It may have been one of ours, garbled, or one of a newer version.
		r.events.Emit(core.Event{Kind: core.MessageRejected, Level: core.LevelBackplane, Err: err})
		if !errors.Is(err, wire.ErrUnknownKind) {
			return
		}
	}
	own := m.Node == r.notifier.node
	r.mu.Lock()
	lost := r.peers.hear(m.Node, m.Seq, r.local.clock.Now())
	if m.Kind == wire.MessageGoodbye {
		r.peers.goodbye(m.Node)
	}
	r.mu.Unlock()
	if lost {
		r.gap("a message is missing")
	}
	switch {
	case err != nil:
	case own:
		if sent, ok := r.notifier.sentAt(m.Seq); ok {
			r.hear(sent)
		}
	default:
		if !r.versions.Observe(m.Version) {
			m.Version = core.Version{} // a clock that is far ahead must not fence the key off
		}
		op := r.apply(m)
		r.events.Emit(core.Event{Kind: core.MessageReceived, Key: m.Key, Level: core.LevelBackplane, Op: op})
	}
}

func (r *Receiver) apply(m wire.Message) core.Op {
	switch m.Kind {
	case wire.MessageSet:
		r.local.Invalidate(m.Key, m.Version)
		return core.OpSet
	case wire.MessageRemove:
		r.local.Remove(m.Key, m.Version)
		return core.OpRemove
	case wire.MessageExpire:
		r.local.Expire(m.Key, m.Version)
		return core.OpExpire
	case wire.MessageTagRemoved, wire.MessageCleared:
		r.doubt(m.Key, false)
		return core.OpRemove
	case wire.MessageTagExpired, wire.MessageClearedSoft:
		r.doubt(m.Key, true)
		return core.OpExpire
	}
	return 0
}

// doubt notes that another node has changed the mark of a tag, or of everything
// if tag is empty.
func (r *Receiver) doubt(tag string, soft bool) {
	if r.local.marks == nil {
		return
	}
	if !mutation.On(mutation.NoDoubt) {
		r.local.marks.Doubt(tag, soft)
	}
	if tag == "" && !soft {
		r.local.Clear()
		return
	}
	r.local.revokeAll()
}
