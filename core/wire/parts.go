// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire

import (
	"encoding/binary"
	"iter"

	"github.com/fusioncache-go/fusioncache/core"
)

// MaxParts is how many changes one message can tell of.
const MaxParts = 1000

// part reports whether a message of several changes can tell of one of this kind.
func (k MessageKind) part() bool {
	return k >= MessageSet && k <= MessageExpire || k == MessagePush || k == MessageExtend
}

// AppendPart appends the binary form of m, a set, removal, expiry, push or extension of m.Node, to
// dst, which becomes the value of a [MessageBatch] of that node. That takes at most
// [MaxParts], and no other kinds: [ParseMessage] refuses it otherwise. The number of m is
// left out: the batch has one.
func AppendPart(dst []byte, m Message) []byte {
	kind := byte(m.Kind)
	if !m.Kind.part() {
		kind = 0
	}
	v := core.Fit(m.Version)
	kind |= flagsOf(v, m.Node)
	dst = appendSubject(append(dst, kind), kind, v, m.Key)
	if m.Kind.hasValue() {
		dst = binary.AppendUvarint(dst, uint64(len(m.Value)))
		dst = append(dst, m.Value...)
	}
	return dst
}

// Parts yields the messages that m stands for: those in a [MessageBatch], with the sender
// and number of that, else m itself. What [ParseMessage] refuses yields parts up to the
// fault. Keys and values share no memory with m.
func (m Message) Parts() iter.Seq[Message] {
	return func(yield func(Message) bool) {
		if m.Kind != MessageBatch {
			yield(m)
			return
		}
		r := reader{data: []byte(m.Value)}
		for len(r.data) > 0 {
			p, key, value := r.part(m.Node)
			p.Seq, p.Key, p.Value = m.Seq, string(key), string(value)
			if r.bad || !yield(p) {
				return
			}
		}
	}
}

// holdsParts reports whether value is that of a batch.
func holdsParts(value []byte, sender NodeID) bool {
	r := reader{data: value}
	n := 0
	for ; len(r.data) > 0; n++ {
		r.part(sender)
	}
	return !r.bad && n > 0 && n <= MaxParts
}

// part reads a part without its key and value, which share memory with the data.
func (r *reader) part(sender NodeID) (m Message, key, value []byte) {
	flags := r.byte()
	m = Message{Kind: MessageKind(flags & kindMask), Node: sender}
	if !m.Kind.part() {
		r.fail()
	}
	m.Version = r.versionOf(flags&^kindMask, sender)
	if key = r.sized(MaxMessageKey); len(key) == 0 {
		r.fail()
	}
	if m.Kind.hasValue() {
		if value = r.sized(MaxMessageSize); len(value) == 0 {
			r.fail()
		}
	}
	return m, key, value
}

// sized takes a length and as many bytes, at most limit.
func (r *reader) sized(limit uint64) []byte {
	size := r.uvarint()
	if size > min(limit, uint64(len(r.data))) {
		r.fail()
		return nil
	}
	return r.take(int(size))
}
