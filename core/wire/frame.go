// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire

import (
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Format is a way to lay out values in the distributed layer. The pipeline knows
// no other; [V1] is ours. Implementations hold no state, never panic on hostile
// bytes, and allocate no more than the metadata needs.
//
// A value is written into one buffer:
//
//	start := len(buf)
//	buf = format.Begin(buf, record)
//	buf, err = codec.Encode(buf, entry) // appends the payload
//	buf = format.Finish(buf, start, record)
type Format interface {
	// Begin appends what comes before the payload to dst.
	Begin(dst []byte, r Record) []byte

	// Finish appends what comes after the payload. start is the length that dst
	// had before Begin, r the record that Begin got.
	Finish(dst []byte, start int, r Record) []byte

	// Parse reads the value stored for key, the full key in the distributed
	// layer. The error is ErrForeign, ErrNewer or ErrCorrupt; with the last two
	// the frame has its header.
	Parse(key string, data []byte, offset time.Duration) (Frame, error)

	// Header reads the ordering header off the start of data, which may be the
	// whole value or its first core.HeaderSize bytes.
	Header(data []byte) (core.Header, error)
}

// Record is all of a value but its payload.
type Record struct {
	// Key is the full key in the distributed layer, prefix included. The frame is
	// bound to it.
	Key string

	// Header orders the write. For core.TombstoneWrite Meta does not matter, and there
	// is no payload.
	Header core.Header

	// Meta is the metadata of the entry. Its Version is not used, Header has it;
	// Checked is not stored, because it is about the node and not the value.
	Meta core.Meta

	// Offset is the wall clock, in nanoseconds since 1970, at Instant zero:
	// instant + offset is wall time.
	Offset time.Duration
}

// Frame is a value of the distributed layer, parsed.
type Frame struct {
	Header core.Header

	// Meta has Header's version and instants on the reader's time line. Checked is
	// zero: the reader sets it to an instant before its read.
	Meta core.Meta

	// Payload aliases the data that was parsed. It is nil for a tombstone and
	// never nil otherwise.
	Payload []byte
}

// AppendFrame appends a whole value in format f to dst, for callers that have
// the payload already.
func AppendFrame(f Format, dst []byte, r Record, payload []byte) []byte {
	start := len(dst)
	dst = f.Begin(dst, r)
	if r.Header.Kind != core.TombstoneWrite {
		dst = append(dst, payload...)
	}
	return f.Finish(dst, start, r)
}
