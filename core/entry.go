// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

// Entry is what a cache holds for a key: a value, alive or encoded, and what is known
// about it. An Entry is immutable and safe for concurrent use; to change one, store
// another in its place.
//
// The value itself is shared by reference between all who read it from a layer
// of objects. A layer of bytes gives every reader its own.
type Entry struct {
	// What a hit looks at, with the value beside it, lies in one or two lines of the
	// processor's caches; a string takes 64 bytes with all of it.

	value   any // *box[V], or *encoded
	stale   Instant
	checked Instant
	stamp   *Stamp
	more    *more // nil if it would say nothing new
}

// more is what an entry has that lives on for fail-safe, or was checked later than made.
type more struct {
	born Instant // without more: checked
	dead Instant // without more: stale
	rare *rare   // nil if there is nothing in it
}

// rare is what is zero for most entries of a single node.
type rare struct {
	extra   *Extra
	version Version
	retry   Instant
	cycles  uint32
}

// Meta is what is known about an entry besides its value.
type Meta struct {
	// Stale is the end of the logical life: until then the entry is fresh.
	Stale Instant

	// Checked is when the entry was last known to agree with the distributed
	// layer. A stack that may have missed messages since does not trust it.
	Checked Instant

	// Stamp is the tags of the entry, and the marks under which it was loaded; nil for
	// neither. Entries share it. Not to be changed.
	Stamp *Stamp

	// Extra is what more there is to the entry; nil for most. Not to be changed.
	Extra *Extra

	// Version orders this write among others of its key; zero without a
	// distributed layer.
	Version Version

	// Born is when the value was made: the start of the factory, or Set.
	Born Instant

	// Dead is the end of the physical life, at or after Stale. Between the two
	// the entry may stand in for a factory that fails (fail-safe).
	Dead Instant

	// Retry ends a throttle window: until then a stale entry is served without
	// another try at the factory. Zero outside a window.
	Retry Instant

	// Cycles counts the throttle windows in a row since the last success.
	Cycles uint32
}

// State is a stage in the life of an entry.
type State uint8

// The states of an entry, in the order in which it passes through them.
const (
	Fresh     State = iota + 1 // served
	Throttled                  // stale, served for the rest of a throttle window
	Stale                      // kept for fail-safe
	Dead                       // of no use
)

// String returns the lower-case name of the state.
func (s State) String() string {
	switch s {
	case Fresh:
		return "fresh"
	case Throttled:
		return "throttled"
	case Stale:
		return "stale"
	case Dead:
		return "dead"
	}
	return "unknown"
}

// compact returns e with the metadata m, of which it puts into more and rare what they
// are for, unless they are nil.
func (e Entry) compact(m *Meta, more *more, rare *rare) Entry {
	e.stale, e.checked, e.stamp, e.more = m.Stale, m.Checked, m.Stamp, more
	if more != nil {
		more.born, more.dead, more.rare = m.Born, m.Dead, rare
	}
	if rare != nil {
		rare.extra, rare.version, rare.retry, rare.cycles = m.Extra, m.Version, m.Retry, m.Cycles
	}
	return e
}

// needs reports what an entry with m needs; who needs rare needs more too.
func (m *Meta) needs() (more, rare bool) {
	rare = m.Extra != nil || !m.Version.IsZero() || m.Retry != 0 || m.Cycles != 0
	return rare || m.Born != m.Checked || m.Dead != m.Stale, rare
}

// all is an entry, or a part with one, and all that can belong to it, in one
// allocation.
type all[T any] struct {
	part T
	more more
	rare rare
}

// box holds an entry and its value in one allocation, side by side: a hit reads both.
type box[V any] struct {
	v V
	Entry
}

// newBox returns the box of an entry with m that is to hold a value.
func newBox[V any](m *Meta) *box[V] {
	needsMore, needsRare := m.needs()
	switch {
	case needsRare:
		a := new(all[box[V]])
		a.part.Entry = Entry{value: &a.part}.compact(m, &a.more, &a.rare)
		return &a.part
	case needsMore:
		a := new(struct {
			box  box[V]
			more more
		})
		a.box.Entry = Entry{value: &a.box}.compact(m, &a.more, nil)
		return &a.box
	}
	b := new(box[V])
	b.Entry = Entry{value: b}.compact(m, nil, nil)
	return b
}

// boxed is a box of any type.
type boxed interface {
	pointer() any
	copy(m *Meta) *Entry
}

func (b *box[V]) pointer() any { return &b.v }

func (b *box[V]) copy(m *Meta) *Entry {
	n := newBox[V](m)
	n.v = b.v
	return &n.Entry
}

// encoded is the encoded value of an entry.
type encoded struct{ payload []byte }

// Live returns an entry that holds v.
func Live[V any](v V, m Meta) *Entry {
	b := newBox[V](&m)
	b.v = v
	return &b.Entry
}

// Encoded returns an entry that holds only the encoded value. It keeps payload,
// which must not change any more. A nil payload is that of a value which is encoded
// as nothing, and so an empty one.
func Encoded(payload []byte, m Meta) *Entry {
	if payload == nil {
		payload = []byte{} // for who tells by it whether there is a live value
	}
	type whole struct {
		Entry
		encoded
	}
	a := new(all[whole])
	a.part.payload = payload
	a.part.Entry = Entry{value: &a.part.encoded}.compact(&m, &a.more, &a.rare)
	return &a.part.Entry
}

// Value returns the live value of e. ok is false when e holds none, or one of
// another type.
func Value[V any](e *Entry) (v V, ok bool) {
	b, ok := e.value.(*box[V])
	if !ok {
		return v, false
	}
	return b.v, true
}

// Pointer returns a pointer to the live value of e as a *V in an interface, or
// nil when e holds only a payload. What it points to must not be changed.
func (e *Entry) Pointer() any {
	if b, ok := e.value.(boxed); ok {
		return b.pointer()
	}
	return nil
}

// Payload returns the encoded value, or nil when e holds a live one. It must not be
// changed.
func (e *Entry) Payload() []byte {
	if p, ok := e.value.(*encoded); ok {
		return p.payload
	}
	return nil
}

// Meta returns what is known about the entry.
func (e *Entry) Meta() Meta {
	m := Meta{Stale: e.stale, Checked: e.checked, Stamp: e.stamp, Born: e.checked, Dead: e.stale}
	if e.more == nil {
		return m
	}
	m.Born, m.Dead = e.more.born, e.more.dead
	if r := e.more.rare; r != nil {
		m.Extra, m.Version, m.Retry, m.Cycles = r.extra, r.version, r.retry, r.cycles
	}
	return m
}

// Version returns the version of the write that made the entry.
func (e *Entry) Version() (v Version) {
	if e.more != nil && e.more.rare != nil {
		v = e.more.rare.version
	}
	return v
}

// Born returns when the value was made.
func (e *Entry) Born() Instant {
	if e.more != nil {
		return e.more.born
	}
	return e.checked
}

// Checked returns when the entry was last known to agree with the distributed
// layer.
func (e *Entry) Checked() Instant { return e.checked }

// Stamp returns the tags of the entry, and the marks under which it was loaded. Not to
// be changed.
func (e *Entry) Stamp() *Stamp { return e.stamp }

// StaleAt returns the end of the entry's logical life.
func (e *Entry) StaleAt() Instant { return e.stale }

// DeadAt returns the end of the entry's physical life.
func (e *Entry) DeadAt() Instant {
	if e.more != nil {
		return e.more.dead
	}
	return e.stale
}

// With returns an entry with the same value and other metadata.
func (e *Entry) With(m Meta) *Entry {
	a := new(all[Entry])
	a.part = Entry{value: e.value}.compact(&m, &a.more, &a.rare)
	return &a.part
}

// Copy is With for an entry that will outlive e: it copies the value, as an assignment
// does, and so does not keep the memory of e.
func (e *Entry) Copy(m Meta) *Entry {
	if b, ok := e.value.(boxed); ok {
		return b.copy(&m)
	}
	return e.With(m)
}

// WithPayload is [Encoded] with the metadata of e.
func (e *Entry) WithPayload(payload []byte) *Entry { return Encoded(payload, e.Meta()) }

// State returns the state of the entry at now.
func (e *Entry) State(now Instant) State {
	m := e.Meta()
	return m.State(now)
}
