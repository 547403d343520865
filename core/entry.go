// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

// Entry is what a cache holds for a key: a value, alive or encoded or both, and
// what is known about it. An Entry is immutable and safe for concurrent use; to
// change one, store another in its place.
//
// The value itself is shared by reference between all who read it from a layer
// of objects. A layer of bytes gives every reader its own.
type Entry struct {
	value   any // *box[V], or nil when only the payload is known
	meta    Meta
	payload []byte
}

// Meta is what is known about an entry besides its value.
type Meta struct {
	// What a hit looks at comes first: with the value in front of it, as a rule it
	// lies in one or two lines of the processor's caches.

	// Stale is the end of the logical life: until then the entry is fresh.
	Stale Instant

	// Checked is when the entry was last known to agree with the distributed
	// layer. A stack that may have missed messages since does not trust it.
	Checked Instant

	// Marked is how many changes of marks the node had seen when it last found
	// those of the entry to be the present ones. It means nothing to another node.
	Marked uint64

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

	// Tags name the groups that the entry can be removed with. Not to be changed.
	Tags []string

	// Epoch and Generations are the marks of the whole cache and of each tag, under
	// which the value was loaded: if one of them is not the present one, the entry
	// was removed, or expired, with it. Generations is as long as Tags, or empty if
	// there is no Epoch. Not to be changed.
	Epoch       Generation
	Generations []Generation
}

// Generation is a mark: two random numbers that are never used again. A removal
// draws both anew, an expiry only Soft. The zero Generation means "none".
type Generation struct{ Hard, Soft uint64 }

// IsZero reports whether g is no generation.
func (g Generation) IsZero() bool { return g == Generation{} }

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

// box holds an entry and its value in one allocation, side by side: a hit reads both.
type box[V any] struct {
	v V
	Entry
}

// boxed is a box of any type.
type boxed interface {
	pointer() any
	copy(m Meta) *Entry
}

func (b *box[V]) pointer() any { return &b.v }

func (b *box[V]) copy(m Meta) *Entry {
	e := Live(b.v, m)
	e.payload = b.payload
	return e
}

// Live returns an entry that holds v.
func Live[V any](v V, m Meta) *Entry {
	b := &box[V]{v: v, Entry: Entry{meta: m}}
	b.value = b
	return &b.Entry
}

// Encoded returns an entry that holds only the encoded value. It keeps payload,
// which must not change any more.
func Encoded(payload []byte, m Meta) *Entry {
	return &Entry{payload: payload, meta: m}
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

// Payload returns the encoded value, or nil when e holds only a live one. It
// must not be changed.
func (e *Entry) Payload() []byte { return e.payload }

// Meta returns what is known about the entry.
func (e *Entry) Meta() Meta { return e.meta }

// Version returns the version of the write that made the entry.
func (e *Entry) Version() Version { return e.meta.Version }

// Born returns when the value was made.
func (e *Entry) Born() Instant { return e.meta.Born }

// Checked returns when the entry was last known to agree with the distributed
// layer.
func (e *Entry) Checked() Instant { return e.meta.Checked }

// Marked returns how many changes of marks the node had seen when it last found
// those of the entry to be the present ones.
func (e *Entry) Marked() uint64 { return e.meta.Marked }

// StaleAt returns the end of the entry's logical life.
func (e *Entry) StaleAt() Instant { return e.meta.Stale }

// DeadAt returns the end of the entry's physical life.
func (e *Entry) DeadAt() Instant { return e.meta.Dead }

// With returns an entry with the same value and other metadata.
func (e *Entry) With(m Meta) *Entry {
	return &Entry{value: e.value, payload: e.payload, meta: m}
}

// Copy is With for an entry that will outlive e: it copies the value, as an assignment
// does, and so does not keep the memory of e.
func (e *Entry) Copy(m Meta) *Entry {
	if b, ok := e.value.(boxed); ok {
		return b.copy(m)
	}
	return e.With(m)
}

// WithPayload returns an entry that holds only the encoded value, with the
// metadata of e. It keeps payload.
func (e *Entry) WithPayload(payload []byte) *Entry {
	return &Entry{payload: payload, meta: e.meta}
}

// State returns the state of the entry at now.
func (e *Entry) State(now Instant) State { return e.meta.State(now) }
