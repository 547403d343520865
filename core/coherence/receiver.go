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
	rejoined chan struct{} // holds one if the node has joined since the last beat

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
	return &Receiver{local: local, versions: v, notifier: n, options: o, events: events, rejoined: make(chan struct{}, 1), peers: newPeers(o)}
}

// firstPause is the first pause between two attempts to subscribe.
const firstPause = 100 * time.Millisecond

// Run subscribes to b, again and again, until ctx ends.
func (r *Receiver) Run(ctx context.Context, b core.Backplane) {
	between := r.pauses(firstPause)
	for {
		joins, began := r.joined(), time.Now()
		err := b.Subscribe(ctx, r)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("subscription ended")
		}
		r.events.Emit(core.Event{Kind: core.LayerFailed, Level: core.LevelBackplane, Op: core.OpSubscribe, Err: err})
		if r.joined() > joins && time.Since(began) > between.pause {
			between.reset()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(between.failed()):
		}
	}
}

func (r *Receiver) pauses(first time.Duration) pauses {
	id := r.notifier.node
	return pauses{first: first, random: rand.New(rand.NewPCG(id.Node(), uint64(first)))}
}

// Beat says every Heartbeat that this node lives, and judges what it has heard,
// until ctx ends. What fails is tried less and less often until the node has
// joined again.
func (r *Receiver) Beat(ctx context.Context) {
	ticker := time.NewTicker(r.options.Heartbeat)
	defer ticker.Stop()
	beats, reads := r.pauses(r.options.Heartbeat), r.pauses(r.options.Heartbeat)
	for {
		now := r.local.clock.Now()
		beats.attempt(now, func() bool { return r.beat(ctx) })
		reads.attempt(now, func() bool { return r.refresh(ctx) })
		select {
		case <-ctx.Done():
			return
		case <-r.rejoined:
			beats.reset()
			reads.reset()
		case <-ticker.C:
			r.judge()
		}
	}
}

// beat says that this node lives, and that it has drawn a new mark of the whole
// cache, if it has: the others would find out only when theirs is old.
func (r *Receiver) beat(ctx context.Context) (ok bool) {
	ctx, cancel := context.WithTimeout(ctx, r.options.Heartbeat)
	defer cancel()
	if r.notifier.beat(ctx, r.local.clock.Now()) != nil {
		return false
	}
	if m := r.local.marks; m != nil && m.renewed.Swap(false) {
		ok := r.notifier.Send(ctx, wire.MessageClearedSoft, "", core.Version{}) == nil
		m.renewed.Store(!ok)
	}
	return true
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

func (r *Receiver) judge() {
	r.mu.Lock()
	now := r.local.clock.Now()
	lost, quiet := r.peers.check(now)
	missed := r.peers.settle(now)
	r.mu.Unlock()
	r.local.pulse.quiet.Store(int64(quiet))
	if missed && !lost {
		r.local.Suspect()
	}
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
	if first || !gapless {
		r.peers.join(now)
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
	select {
	case r.rejoined <- struct{}{}:
	default:
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
	if r.account(m) {
		r.gap("a message is missing")
	}
	switch {
	case err != nil:
	case m.Kind == wire.MessageHeartbeat:
		if sent, ok := r.notifier.sentAt(m.Version.Op); own && ok {
			r.hear(sent)
		}
	case !own && m.Kind != wire.MessageGoodbye:
		if !r.versions.Observe(m.Version) {
			m.Version = core.Version{} // a clock that is far ahead must not fence the key off
		}
		op := r.apply(m)
		r.events.Emit(core.Event{Kind: core.MessageReceived, Key: m.Key, Level: core.LevelBackplane, Op: op})
	}
}

// account takes note that m has come and reports whether one before it is lost.
func (r *Receiver) account(m wire.Message) (lost bool) {
	now := r.local.clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	switch m.Kind {
	case wire.MessageHeartbeat:
		return r.peers.live(m.Node, m.Seq, now)
	case wire.MessageGoodbye:
		return r.peers.goodbye(m.Node, m.Seq)
	}
	return r.peers.hear(m.Node, m.Seq, now)
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
