// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire

import (
	"encoding/binary"
	"slices"

	"github.com/fusioncache-go/fusioncache/core"
)

// AppendMessage appends the binary form of m to dst. The version is made to fit
// as in a header, see [core.Fit]. A message of an unknown kind, with a key longer than
// [MaxMessageKey], without the key or the value that its kind needs, or with one
// that its kind does not have, is one that [ParseMessage] refuses.
func AppendMessage(dst []byte, m Message) []byte {
	dst = slices.Grow(dst, messageOverhead+len(m.Key)+len(m.Value))
	start := len(dst)
	kind := byte(m.Kind)
	if !m.Kind.known() {
		kind = 0 // not a bit of it may pass for a flag or for another kind
	}
	v := core.Fit(m.Version)
	kind |= flagsOf(v, m.Node)
	dst = append(dst, messageVersion, kind)
	dst = append(dst, m.Node[:]...)
	dst = binary.AppendUvarint(dst, m.Seq)
	dst = appendSubject(dst, kind, v, m.Key)
	dst = append(dst, m.Value...)
	return binary.BigEndian.AppendUint32(dst, checksum("", dst[start:]))
}

// messageOverhead is room for all of a message but its key and value, and for a seal.
const messageOverhead = 64 + sealSize

// flagsOf says how a version is written that node tells of.
func flagsOf(v core.Version, node NodeID) byte {
	switch {
	case v.IsZero():
		return flagNoVersion
	case v.Node != node.Node():
		return flagOtherNode
	}
	return 0
}

// appendSubject appends the version, as the flags in kind say, and the key.
func appendSubject(dst []byte, kind byte, v core.Version, key string) []byte {
	if kind&flagNoVersion == 0 {
		dst = appendVersion(dst, v, kind&flagOtherNode != 0)
	}
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	return append(dst, key...)
}

func appendVersion(dst []byte, v core.Version, node bool) []byte {
	dst = appendUint48(dst, uint64(v.Time))
	dst = binary.AppendUvarint(dst, uint64(v.Tick))
	dst = binary.AppendUvarint(dst, uint64(v.Bump))
	dst = binary.AppendUvarint(dst, v.Op)
	if node {
		dst = appendUint48(dst, v.Node)
	}
	return dst
}

func appendUint48(dst []byte, n uint64) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(n>>32))
	return binary.BigEndian.AppendUint32(dst, uint32(n))
}

// ParseMessage reads a message. It allocates nothing but key and value. The error is
// ErrCorrupt for whatever is not an intact message, ErrNewer for an intact one
// of a newer version, and ErrUnknownKind, then with Kind, Node and Seq in the
// message, so that it leaves no gap.
func ParseMessage(data []byte) (Message, error) {
	body, err := openMessage(data)
	if err != nil {
		return Message{}, err
	}
	r := reader{data: body}
	kind := r.byte()
	m := Message{Kind: MessageKind(kind & kindMask)}
	copy(m.Node[:], r.take(len(m.Node)))
	m.Seq = r.uvarint()
	if !r.bad && !m.Kind.known() {
		return m, ErrUnknownKind
	}
	m.Version = r.versionOf(kind&^kindMask, m.Node)
	key := r.sized(MaxMessageKey)
	value := r.data
	if r.bad || (len(key) > 0) != m.Kind.hasKey() || (len(value) > 0) != m.Kind.hasValue() {
		return Message{}, ErrCorrupt
	}
	if m.Kind == MessageBatch && !holdsParts(value, m.Node) {
		return Message{}, ErrCorrupt
	}
	m.Key, m.Value = string(key), string(value)
	return m, nil
}

// openMessage checks the size, checksum and version of data and returns what is
// between version and checksum. The checksum of every version is at the end:
// thus foreign bytes are not taken for a newer message.
func openMessage(data []byte) ([]byte, error) {
	end := len(data) - checksumSize
	if end < 1 || len(data) > MaxMessageSize || data[0] == 0 {
		return nil, ErrCorrupt
	}
	if binary.BigEndian.Uint32(data[end:]) != checksum("", data[:end]) {
		return nil, ErrCorrupt
	}
	if data[0] != messageVersion {
		return nil, ErrNewer
	}
	return data[1:end], nil
}

// reader takes fields off the front of data. After the first failure it gives
// zeros and stays bad, so that the caller checks once.
type reader struct {
	data []byte
	bad  bool
}

func (r *reader) fail() { r.data, r.bad = nil, true }

func (r *reader) take(n int) []byte {
	if len(r.data) < n {
		r.fail()
		return nil
	}
	taken := r.data[:n]
	r.data = r.data[n:]
	return taken
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) uint48() uint64 {
	b := r.take(6)
	if b == nil {
		return 0
	}
	return uint64(binary.BigEndian.Uint16(b))<<32 | uint64(binary.BigEndian.Uint32(b[2:]))
}

// version reads a version without its node. One that would not fit a header is
// refused: the two must give the same version for one write.
func (r *reader) version() core.Version {
	time, tick, bump, op := r.uint48(), r.uvarint(), r.uvarint(), r.uvarint()
	if time > core.MaxTime || tick > core.MaxTick || bump > core.MaxTick || op > core.MaxOp {
		r.fail()
		return core.Version{}
	}
	return core.Version{Time: int64(time), Tick: uint32(tick), Bump: uint32(bump), Op: op}
}

// versionOf reads a version as flags say.
func (r *reader) versionOf(flags byte, sender NodeID) (v core.Version) {
	switch flags {
	case 0:
		v = r.version()
		v.Node = sender.Node()
	case flagOtherNode:
		v = r.version()
		v.Node = r.uint48()
	case flagNoVersion:
	default:
		r.fail()
	}
	return v
}
