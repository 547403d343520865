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
	shared   *Shared       // nil: values in messages are left alone
	rejoined chan struct{} // holds one if the node has joined since the last beat

	mu     sync.Mutex
	peers  *peers
	joins  int
	bridge core.Instant // when a subscription was repaired without a gap
	own    core.Instant // when the last own message that came back was sent
	any    core.Instant // when the last message came, whoever sent it
	due    string       // why memory is to be made suspect at the next tick; empty: it is not
}

// NewReceiver returns the receiver of the node that n sends for. events may be
// nil.
func NewReceiver(local *Local, v *Versions, n *Notifier, o PulseOptions, events *core.Events) *Receiver {
	o = o.withDefaults()
	local.pulse.degraded, local.pulse.alone, local.pulse.lag = o.DegradedTTL, o.AloneTTL, o.ReadLag
	if local.marks != nil {
		local.marks.lag = o.ReadLag
	}
	local.pulse.hears.Store(math.MinInt64) // until the first join, nothing is heard
	return &Receiver{
		local: local, versions: v, notifier: n, options: o, events: events,
		rejoined: make(chan struct{}, 1), peers: newPeers(o), own: math.MinInt64,
	}
}

// firstPause is the first pause between two attempts to subscribe, for each
// hundredth, or Crowd, of the nodes.
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
		between.first = min(firstPause*time.Duration(r.slowdown()), longestPause)
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
		r.begin()
	} else if !gapless && !mutation.On(mutation.NoRejoin) {
		r.gap("subscribed again")
	}
	// After a repair without a gap, what was missed comes next. All of it has come
	// when a message does that this node sends from now on.
	if !gapless {
		r.hear(now)
	}
	r.retry()
	r.events.Emit(core.Event{Kind: core.Joined, Level: core.LevelBackplane})
}

// hear notes that messages sent at the instant sent arrive. After a long silence
// nobody knows what else did not, unless the subscription knows.
func (r *Receiver) hear(sent core.Instant) {
	r.mu.Lock()
	before := r.own
	deaf := before != math.MinInt64 && sent.Sub(max(before, r.bridge)) > r.peers.silence()
	r.mu.Unlock()
	if sent <= before {
		return
	}
	if deaf && !mutation.On(mutation.NoGap) {
		r.gap("own messages did not arrive")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.own, r.any = sent, max(r.any, sent)
	r.believe()
}

// deafened reports whether a node in a crowd has heard nothing for a while: its
// own messages, which are few there, would tell it late. The lock is held.
func (r *Receiver) deafened(now core.Instant) bool {
	return now > r.deafness(max(r.any, r.bridge)) && r.peers.slowdown() > 1 && !mutation.On(mutation.NoGap)
}

// deafness is until when, after an instant, nothing at all may be heard. All nodes
// fall silent at the same moment if the server does: each notices at another.
func (r *Receiver) deafness(after core.Instant) core.Instant {
	return after.Add(r.options.Silence).Add(r.phase())
}

// believe has memory trusted for as long as what was heard says so: the node's own
// messages, which show that none is late, and those of others, which in a crowd
// come more often. The lock is held.
func (r *Receiver) believe() {
	if r.own != math.MinInt64 && r.due == "" {
		until := min(r.own.Add(r.peers.silence()), r.deafness(r.any))
		r.local.pulse.hears.Store(int64(until))
	}
}

// Message implements core.Subscriber.
func (r *Receiver) Message(data []byte) {
	m, err := r.open(data)
	if err != nil {
		// It may have been one of ours, garbled, or one of a newer version.
		r.events.Emit(core.Event{Kind: core.MessageRejected, Level: core.LevelBackplane, Err: err})
		if !errors.Is(err, wire.ErrUnknownKind) {
			return
		}
	}
	own := m.Node == r.notifier.node
	r.account(m, err != nil)
	switch {
	case err != nil:
	case m.Kind == wire.MessageHeartbeat:
		if sent, ok := r.notifier.sentAt(m.Version.Op); own && ok {
			r.hear(sent)
		}
	case !own && m.Kind != wire.MessageGoodbye:
		for part := range m.Parts() {
			r.heed(part)
		}
	}
}

// heed applies a change that another node tells of.
func (r *Receiver) heed(m wire.Message) {
	if !r.versions.Observe(m.Version) {
		m.Version = core.Version{} // a clock that is far ahead must not fence the key off
	}
	op := r.apply(m)
	r.events.Emit(core.Event{Kind: core.MessageReceived, Key: m.Key, Level: core.LevelBackplane, Op: op})
}

// open reads a message, if it is authentic.
func (r *Receiver) open(data []byte) (wire.Message, error) {
	data, err := r.notifier.seal.Open(data)
	if err != nil {
		return wire.Message{}, err
	}
	return wire.ParseMessage(data)
}

// account takes note that m has come. If one before it is lost, or what it says is
// unknown to this version, memory is made suspect at the next tick: who meets many
// nodes may find that of each.
func (r *Receiver) account(m wire.Message, unknown bool) {
	now, lost := r.local.clock.Now(), false
	r.mu.Lock()
	defer r.mu.Unlock()
	switch m.Kind {
	case wire.MessageHeartbeat:
		lost = r.peers.live(m.Node, m.Seq, m.Version.Op, m.Version.Time, now)
	case wire.MessageGoodbye:
		lost = r.peers.goodbye(m.Node, m.Seq)
	default:
		lost = r.peers.hear(m.Node, m.Seq, now)
	}
	if lost || unknown || r.deafened(now) {
		r.due = missing
	}
	r.any = now
	r.believe()
}

func (r *Receiver) apply(m wire.Message) core.Op {
	switch m.Kind {
	case wire.MessageSet:
		r.local.Invalidate(m.Key, m.Version)
		return core.OpSet
	case wire.MessagePush:
		r.push(m)
		return core.OpSet
	case wire.MessageExtend:
		r.extend(m)
		return core.OpSet
	case wire.MessageRemove:
		r.local.removed(m.Key, m.Version, core.LevelBackplane)
		return core.OpRemove
	case wire.MessageExpire:
		r.local.expired(m.Key, m.Version, core.LevelBackplane)
		return core.OpExpire
	case wire.MessageTagRemoved, wire.MessageCleared:
		r.doubt(m.Key, false, m.Version)
		return core.OpRemove
	case wire.MessageTagExpired, wire.MessageClearedSoft:
		r.doubt(m.Key, true, m.Version)
		return core.OpExpire
	}
	return 0
}

// doubt notes that another node has changed the mark of a tag, or of everything
// if tag is empty.
func (r *Receiver) doubt(tag string, soft bool, v core.Version) {
	if r.local.marks == nil {
		return
	}
	if !mutation.On(mutation.NoDoubt) {
		r.local.marks.Doubt(tag, soft, v)
	}
	if tag == "" && !soft {
		r.local.clear(core.LevelBackplane)
		return
	}
	r.local.revokeAll()
}
