// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import "errors"

// The limits of the parts of a version in a header and in a message.
const (
	// HeaderSize is the length of the ordering header in bytes. A frame splits
	// there: the script of a distributed layer replaces what is before it.
	HeaderSize = 48

	// MaxTime is the highest Version.Time, in milliseconds: the year 2286.
	MaxTime = 9_999_999_999_999

	// MaxTick is the highest Version.Tick and Version.Bump.
	MaxTick = 99_999

	// MaxNode is the highest Version.Node: 48 bits.
	MaxNode = 1<<48 - 1

	// MaxOp is the highest Version.Op: 36 bits.
	MaxOp = 1<<36 - 1
)

// WriteKind says what a value in the distributed layer is.
type WriteKind byte

// The kinds of writes. There will never be others.
const (
	ValueWrite     WriteKind = 'V' // written explicitly
	FillWrite      WriteKind = 'F' // loaded after a miss
	TombstoneWrite WriteKind = 'T' // the mark that a removal leaves
)

// ErrForeign says that bytes in our place are not ours: a value without a
// well-formed ordering header. Only an explicit write may replace such a value,
// if the layer lets it.
var ErrForeign = errors.New("foreign data")

// String returns the lower-case name of the kind.
func (k WriteKind) String() string {
	switch k {
	case ValueWrite:
		return "value"
	case FillWrite:
		return "fill"
	case TombstoneWrite:
		return "tombstone"
	}
	return "unknown"
}

func (k WriteKind) known() bool { return k == ValueWrite || k == FillWrite || k == TombstoneWrite }

// Header is the ordering header in front of every value in the distributed
// layer. Its layout is frozen for ever; package wire describes it.
type Header struct {
	Version
	Kind WriteKind
}

// Offsets of the header's fields; each ends where the next begins.
const (
	atTime = 2
	atTick = 15
	atBump = 20
	atNode = 25
	atOp   = 37
	atKind = 46
	atEnd  = 47
)

// AppendHeader appends the 48 bytes of h to dst. What does not fit is made to:
// Time, Tick and Bump are held at their limits, of Node and Op the low 48 and 36
// bits remain, and an unknown kind becomes [ValueWrite].
func AppendHeader(dst []byte, h Header) []byte {
	var b [HeaderSize]byte
	b[0], b[1] = 'H', '1'
	v := Fit(h.Version)
	putDecimal(b[atTime:atTick], uint64(v.Time))
	putDecimal(b[atTick:atBump], uint64(v.Tick))
	putDecimal(b[atBump:atNode], uint64(v.Bump))
	putHex(b[atNode:atOp], v.Node)
	putHex(b[atOp:atKind], v.Op)
	b[atKind] = byte(h.Kind)
	if !h.Kind.known() {
		b[atKind] = byte(ValueWrite)
	}
	b[atEnd] = '\n'
	return append(dst, b[:]...)
}

// ParseHeader reads the header at the start of data. The error is [ErrForeign]
// for anything but a well-formed header. It allocates nothing.
func ParseHeader(data []byte) (Header, error) {
	if len(data) < HeaderSize || data[0] != 'H' || data[1] != '1' || data[atEnd] != '\n' {
		return Header{}, ErrForeign
	}
	h := Header{Kind: WriteKind(data[atKind])}
	time, ok1 := decimal(data[atTime:atTick])
	tick, ok2 := decimal(data[atTick:atBump])
	bump, ok3 := decimal(data[atBump:atNode])
	node, ok4 := hex(data[atNode:atOp])
	op, ok5 := hex(data[atOp:atKind])
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && h.Kind.known()) {
		return Header{}, ErrForeign
	}
	h.Version = Version{Time: int64(time), Tick: uint32(tick), Bump: uint32(bump), Node: node, Op: op}
	return h, nil
}

// Fit returns v as a header or a message would give it back; see [AppendHeader].
// A version that is compared with parsed ones must be made to fit first.
func Fit(v Version) Version {
	return Version{
		Time: min(max(v.Time, 0), MaxTime),
		Tick: min(v.Tick, MaxTick),
		Bump: min(v.Bump, MaxTick),
		Node: v.Node & MaxNode,
		Op:   v.Op & MaxOp,
	}
}

func putDecimal(b []byte, n uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}

func putHex(b []byte, n uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = "0123456789abcdef"[n&15]
		n >>= 4
	}
}

func decimal(b []byte) (n uint64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// hex refuses upper case: a header has one spelling, so that a fill can compare
// it byte for byte.
func hex(b []byte) (n uint64, ok bool) {
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			n = n<<4 | uint64(c-'0')
		case 'a' <= c && c <= 'f':
			n = n<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}
