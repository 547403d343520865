// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// Writer takes a write through all levels: memory first, so that this node reads
// its own write at once; then the distributed layer, one write at a time per
// key; then, after that has acknowledged, the other nodes.
//
// Safe for concurrent use.
type Writer struct {
	Local    *Local
	Shared   *Shared   // nil without a distributed layer
	Notifier *Notifier // nil without a backplane
	Order    *Order
	Recovery *Recovery // nil: what fails is not tried again
	Marks    *Marks    // nil: no tags, no clearing
	Versions *Versions
	Clock    core.Clock
	Events   *core.Events // may be nil

	scratch sync.Pool // *[]byte, to encode in
}

// change is one write on its way to the other levels, in one piece with what it needs
// there. shared takes it, as it is by then, to the distributed layer; nil: nothing to do
// there.
type change struct {
	key     string
	kind    wire.MessageKind
	version core.Version
	token   *core.Token
	options *core.EntryOptions
	place   *Place // taken when memory changed; nil for a fill
	own     Place  // that
	shared  func(ctx context.Context, w *Writer, ch *change) (core.Ruling, error)
	put     func(ch *change) put // the write that shared makes, if that is all it does
	notify  bool
	forced  bool         // shared stores it whatever is there: the message can go along
	notice  *core.Notice // the message, if it goes along; it has a number and must go out
	message core.Notice  // that
	number  uint64       // of the notice
	meta    core.Meta    // for a set: as it is to be in the distributed layer
	payload []byte       // for a set
	unsure  bool         // whether the marks in meta may not be those of the server
	codec   core.Codec   // for a set
	push    pushing      // what goes along with the message of a set
	broken  error        // why the value of a set could not be encoded
	arrived core.Version // as which it has reached the distributed layer; zero if it has not, or nobody knows
	served  bool         // memory has that value all the same
}

// Set stores the live entry e under key. An entry without a stamp gets that of
// [Writer.Stamp]; one that has just been made with it need not be copied.
func (w *Writer) Set(ctx context.Context, key string, e *core.Entry, c core.Codec, o *core.EntryOptions) (core.Outcome, error) {
	ch := new(change)
	w.beginSet(ch, w.prepareSet(ctx, key, e, c, o), c, o)
	outcome, err := w.send(ctx, ch)
	return ch.ended(outcome, err)
}

// setting is a set that is ready to begin, or why its value could not be encoded.
type setting struct {
	key   string
	entry *core.Entry
	prepared
	err error
}

func (w *Writer) prepareSet(ctx context.Context, key string, e *core.Entry, c core.Codec, o *core.EntryOptions) (s setting) {
	if e.Stamp() == nil {
		e = stamped(e, w.Stamp(ctx, o))
	}
	s.key, s.entry = key, e
	s.prepared, s.err = w.prepare(key, s.entry, c, o)
	return s
}

// beginSet makes ch a set, and stores the entry in memory. If it could not be encoded, the change is a
// removal: the old value is obsolete on every level, whatever became of the new one.
func (w *Writer) beginSet(ch *change, s setting, c core.Codec, o *core.EntryOptions) {
	w.change(ch, s.key, wire.MessageSet, o)
	w.begin(ch, func(v core.Version) {
		if s.forMemory != nil {
			w.Local.write(s.key, as(s.forMemory, v))
		} else {
			w.Local.expireAs(s.key, v, ownCall) // what it holds is obsolete
		}
	})
	w.Events.Emit(core.Event{Kind: core.Written, Key: s.key, Op: core.OpSet})
	switch {
	case s.err != nil:
		ch.broken, ch.served = s.err, s.forMemory != nil
		w.removes(ch)
	case w.shares(o):
		w.pushes(ch, s.entry.Meta(), s.payload)
		m := o.DistributedMeta(s.entry.Meta(), w.Clock.Now())
		m.Version = ch.version
		ch.meta, ch.payload, ch.codec = m, s.payload, c
		ch.unsure = w.Marks != nil && (o.BackgroundWrites || !w.Marks.Sure(o.Tags))
		ch.forces((*change).value)
	}
}

// value is the write of a set.
func (ch *change) value() put {
	return put{key: ch.key, mode: core.Force, kind: core.ValueWrite, meta: ch.meta, payload: ch.payload, notice: ch.notice}
}

// ended returns what became of a change, from what became of sending it.
func (ch *change) ended(outcome core.Outcome, err error) (core.Outcome, error) {
	switch {
	case ch.broken == nil:
		return outcome, err
	case ch.options.ReturnLayerErrors || !ch.served:
		return 0, errors.Join(ch.broken, err)
	}
	return core.LocalOnly, nil
}

// Remove removes key, its stale copies too, from every level and node.
func (w *Writer) Remove(ctx context.Context, key string, o *core.EntryOptions) (core.Outcome, error) {
	ch := new(change)
	w.beginRemove(ch, key, o)
	return w.send(ctx, ch)
}

func (w *Writer) beginRemove(ch *change, key string, o *core.EntryOptions) {
	w.change(ch, key, wire.MessageRemove, o)
	w.begin(ch, func(v core.Version) { w.Local.remove(key, v, ownCall) })
	w.Events.Emit(core.Event{Kind: core.Removed, Key: key, Op: core.OpRemove})
	w.removes(ch)
}

// Expire ends the logical life of key on every level and node; what fail-safe
// can use stays.
func (w *Writer) Expire(ctx context.Context, key string, o *core.EntryOptions) (core.Outcome, error) {
	ch := new(change)
	w.change(ch, key, wire.MessageExpire, o)
	w.begin(ch, func(v core.Version) { w.Local.expireAs(key, v, ownCall) })
	w.Events.Emit(core.Event{Kind: core.Expired, Key: key, Op: core.OpExpire})
	if w.shares(o) {
		ch.shared = expires
	}
	return w.send(ctx, ch)
}

// expires takes an expiry to the distributed layer.
func expires(ctx context.Context, w *Writer, ch *change) (core.Ruling, error) {
	if w.Recovery.lags(ch.key, ch.version) {
		return w.Shared.Remove(ctx, ch.key, ch.version)
	}
	return w.Shared.Expire(ctx, ch.key, ch.version)
}

// begin changes memory and takes the change's place in the order of writes, both
// under the lock of its key: so all levels see the writes of a key in one order,
// which is that of their versions.
func (w *Writer) begin(ch *change, local func(v core.Version)) {
	defer w.Local.lock(ch.key).Unlock()
	ch.version = w.version()
	local(ch.version)
	if w.shares(ch.options) || ch.notify {
		w.Recovery.override(ch.key, ch.version)
		w.enter(ch)
	}
}

// enter takes ch's place in the order of writes.
func (w *Writer) enter(ch *change) {
	ch.place = &ch.own
	w.Order.enter(ch.place, ch.key)
}

// as returns e as the write v.
func as(e *core.Entry, v core.Version) *core.Entry {
	if v.IsZero() {
		return e
	}
	m := e.Meta()
	m.Version = v
	return e.Copy(m)
}

// fill stores the result of a flight, as long as its token is valid. Errors
// reach listeners only: the caller has its value.
func (w *Writer) fill(ctx context.Context, r core.Request, e *core.Entry, same core.Version) {
	o := r.Options
	var now core.Instant
	if w.Shared != nil {
		now = w.Clock.Now()
	}
	if w.Shared != nil && now.Sub(e.Born()) > w.Shared.options.MaxFillAge {
		w.fenced(r.Key) // a mark that it would have to respect may be gone
		return
	}
	p, err := w.prepare(r.Key, e, r.Codec, o)
	shared := err == nil && w.shares(o) && w.mayFill(r.Seen)
	var v core.Version
	if shared {
		v = w.version() // what only memory keeps is compared with nothing
	}
	if p.forMemory != nil && !w.Local.Commit(r.Key, r.Token, as(p.forMemory, v)) {
		w.fenced(r.Key)
		return
	}
	if !shared {
		return
	}
	ch := &change{version: v, token: r.Token}
	w.change(ch, r.Key, wire.MessageSet, o)
	w.pushes(ch, e.Meta(), p.payload)
	w.extends(ch, same, e.Meta())
	m := o.DistributedMeta(e.Meta(), now)
	m.Version = v
	ch.puts(func(*change) put {
		write := put{key: r.Key, mode: core.Fill, kind: core.FillWrite, meta: m, payload: p.payload}
		if r.Seen != nil {
			write.expect = r.Seen.Header
			write.lasting = len(write.expect) > 0 && useless(r.Held, now) // and may be in the place of a removal
		}
		return write
	})
	_, _ = w.send(ctx, ch)
}

// useless reports whether there is nothing that a load can fall back on.
func useless(held *core.Entry, now core.Instant) bool {
	return held == nil || held.State(now) == core.Dead
}

// mayFill reports whether a fill may try to replace what was seen. A layer that
// orders writes must have been read before the load began.
func (w *Writer) mayFill(seen *core.Seen) bool {
	if seen == nil {
		return w.Shared.arbiter == nil
	}
	return !seen.Foreign
}

// Stamp returns the present marks for an entry that is loaded from nowhere. One whose
// write goes on in the background does not wait for the server to give them: see
// [Marks.Settle].
func (w *Writer) Stamp(ctx context.Context, o *core.EntryOptions) *core.Stamp {
	switch {
	case w.Marks == nil:
		return nil
	case o.BackgroundWrites:
		return w.Marks.Recall(o.Tags)
	}
	return w.Marks.begin(ctx, o.DistributedTimeout, o.Tags)
}

// stamped returns e with the stamp s.
func stamped(e *core.Entry, s *core.Stamp) *core.Entry {
	if e.Stamp() == s {
		return e
	}
	m := e.Meta()
	m.Stamp = s
	return e.Copy(m)
}

// settled returns m, of a set that has waited or that the server gave no marks,
// with the marks that hold for it.
func (w *Writer) settled(ctx context.Context, m core.Meta, limit time.Duration) (core.Meta, error) {
	if w.Marks == nil {
		return m, nil
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return w.Marks.Settle(within, m)
}

// prepared is an entry made ready for the levels.
type prepared struct {
	payload   []byte
	forMemory *core.Entry // nil if memory cannot take it
}

// prepare encodes e once, if any level wants bytes. An error says why the
// distributed layer cannot have it; listeners know.
func (w *Writer) prepare(key string, e *core.Entry, c core.Codec, o *core.EntryOptions) (p prepared, err error) {
	bytes, op := w.Local.Bytes() != nil || o.Clone, core.OpEncode
	if (bytes && !o.Skip.Has(core.SkipMemoryWrite)) || w.shares(o) {
		p.payload, err = w.encode(c, e)
	}
	switch {
	case o.Skip.Has(core.SkipMemoryWrite):
	case !bytes:
		p.forMemory = e
	case err == nil:
		p.forMemory = e.WithPayload(p.payload)
	}
	if err == nil && w.shares(o) && len(p.payload) > w.Shared.options.MaxPayload {
		op, err = core.OpSet, fmt.Errorf("%d bytes: %w", len(p.payload), core.ErrTooLarge)
	}
	if err == nil {
		return p, nil
	}
	err = &core.LayerError{Level: core.LevelDistributed, Op: op, Key: key, Err: err}
	w.Events.Emit(core.Event{Kind: core.LayerFailed, Key: key, Level: core.LevelDistributed, Op: op, Err: err})
	return p, err
}

// maxScratch is the largest buffer that is kept to encode in, in bytes.
const maxScratch = 64 << 10

// encode returns the encoded value of e, in no more memory than it needs.
func (w *Writer) encode(c core.Codec, e *core.Entry) ([]byte, error) {
	scratch, ok := w.scratch.Get().(*[]byte)
	if !ok {
		scratch = new([]byte)
	}
	data, err := c.Encode((*scratch)[:0], e)
	if err != nil || cap(data) > maxScratch {
		return data, err
	}
	*scratch = data
	defer w.scratch.Put(scratch)
	return slices.Clone(data), nil
}

// version returns the next version, if any other node can see it.
func (w *Writer) version() core.Version {
	if w.Shared == nil && w.Notifier == nil {
		return core.Version{}
	}
	return w.Versions.Next()
}

func (w *Writer) shares(o *core.EntryOptions) bool {
	return w.Shared != nil && !o.Skip.Has(core.SkipDistributedWrite)
}

// removes makes ch a removal from the distributed layer.
func (w *Writer) removes(ch *change) {
	if w.shares(ch.options) {
		ch.forces(func(ch *change) put { return tombstone(ch.key, ch.version, ch.notice) })
	}
}

// forces has ch make a write that is stored whatever is there.
func (ch *change) forces(p func(ch *change) put) {
	ch.forced = true
	ch.puts(p)
}

// puts has ch make one write.
func (ch *change) puts(p func(ch *change) put) { ch.put, ch.shared = p, writes }

// writes takes the one write of ch to the distributed layer.
func writes(ctx context.Context, w *Writer, ch *change) (core.Ruling, error) {
	return w.Shared.Write(ctx, ch.put(ch))
}

// change makes ch a change of key.
func (w *Writer) change(ch *change, key string, kind wire.MessageKind, o *core.EntryOptions) {
	ch.key, ch.kind, ch.options = key, kind, o
	ch.notify = w.Notifier != nil && !o.Skip.Has(core.SkipNotify)
}

func (w *Writer) fenced(key string) {
	w.Events.Emit(core.Event{Kind: core.Fenced, Key: key})
}
