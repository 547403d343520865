// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire

import (
	"encoding/binary"

	"github.com/fusioncache-go/fusioncache/core"
)

// The limits of a message.
const (
	// MaxMessageSize is the longest message that is looked at, in bytes.
	MaxMessageSize = 64 << 10

	// MaxMessageKey is the longest key in a message: a view's longest and room
	// for the stack's prefix.
	MaxMessageKey = core.MaxKeyLen + 512
)

// NodeID identifies one start of one stack, at random.
type NodeID [16]byte

// Node returns what [core.Version.Node] is on that node: the first six bytes of
// the ID, big-endian.
func (n NodeID) Node() uint64 {
	return uint64(binary.BigEndian.Uint16(n[:]))<<32 | uint64(binary.BigEndian.Uint32(n[2:]))
}

// MessageKind says what a message is about.
type MessageKind byte

// The kinds of messages. 13 to 63 are free.
const (
	MessageSet         MessageKind = iota + 1 // a value was written under Key
	MessageRemove                             // Key was removed
	MessageExpire                             // the logical life of Key was ended
	MessageHeartbeat                          // the node lives; no key
	MessageTagRemoved                         // reserved: the tag Key was removed
	MessageTagExpired                         // reserved: the tag Key was expired
	MessageCleared                            // reserved: all was removed; no key
	MessageClearedSoft                        // reserved: all was expired; no key
	MessageGoodbye                            // the node sends no more; no key
	MessagePush                               // as MessageSet, and the message has the value
	MessageBatch                              // several changes of keys, see AppendPart; no key
	MessageExtend                             // as MessageSet, and the message says of which write the value is, and its life
)

// String returns the lower-case name of the kind.
func (k MessageKind) String() string {
	names := [...]string{"", "set", "remove", "expire", "heartbeat", "tag removed", "tag expired", "cleared", "cleared softly", "goodbye", "push", "batch", "extend"}
	if k >= 1 && int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

func (k MessageKind) known() bool { return k >= MessageSet && k <= MessageExtend }

func (k MessageKind) hasKey() bool {
	switch k {
	case MessageHeartbeat, MessageCleared, MessageClearedSoft, MessageGoodbye, MessageBatch:
		return false
	}
	return true
}

func (k MessageKind) hasValue() bool { return k >= MessagePush }

// Message is what nodes tell each other over the backplane. But for MessagePush, alone or
// in a batch, it carries no value: whoever gets it can only drop what it holds.
type Message struct {
	Kind MessageKind
	Node NodeID // the sender
	// Seq counts the sender's changes, so that a gap shows. A heartbeat and a
	// goodbye have the number of the last change before them.
	Seq uint64

	// Version is that of the write that the message is about, and Version.Time
	// thereby when it was made. Zero if there is none.
	Version core.Version

	// Key is the key in the layers of the stack; empty for kinds without one.
	Key string

	// Value is, for MessagePush, the value as it would be in the distributed layer;
	// for MessageBatch the changes, see Parts; and for MessageExtend the ordering header
	// of the write whose value it is, and then the same as for MessagePush, with an empty
	// value. Never empty; other kinds have none.
	Value string
}

const (
	messageVersion = 1
	kindMask       = 0x3f
	flagOtherNode  = 0x80 // the version's node is not the sender: it follows
	flagNoVersion  = 0x40 // the version is zero: it is left out
)
