// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire

import (
	"encoding/binary"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// V1 is our format, version 1. Its layout is in the package comment.
type V1 struct{}

var _ Format = V1{}

const (
	bodyVersion  = 1
	bodyPrefix   = 2 + writtenSize // version, flags, and the version as written
	writtenSize  = 8
	checksumSize = 4

	// identity is where the part of the header begins that nobody changes under a
	// value: node, operation and kind.
	identity = 25

	flagExtra  = 1
	knownFlags = flagExtra
)

// Begin appends the header, and unless it is a tombstone's, the body's version,
// flags and metadata.
func (V1) Begin(dst []byte, r Record) []byte {
	dst = core.AppendHeader(dst, r.Header)
	if r.Header.Kind == core.TombstoneWrite {
		return dst
	}
	m := toWall(r.Meta, r.Offset)
	if m.Stamp != nil {
		shared := *m.Stamp
		shared.Marked = 0
		m.Stamp = &shared
	}
	flags := byte(0)
	if m.Extra != nil {
		flags = flagExtra
	}
	dst = append(dst, bodyVersion, flags)
	dst = binary.BigEndian.AppendUint64(dst, written(r.Header.Version))
	if m.Extra != nil {
		dst = m.Extra.AppendBinary(dst)
	}
	return m.AppendBinary(dst)
}

// written returns time and tick of v in one number, which orders them: what the
// header of a write must have until a server raises its version, and not be below
// after that. So damage to a header is found, which the checksum cannot cover.
func written(v core.Version) uint64 {
	v = core.Fit(v)
	return uint64(v.Time)<<17 | uint64(v.Tick)
}

// unharmed reports whether v can be the version of what was written as w.
func unharmed(v core.Version, w uint64) bool {
	now := written(v)
	return now == w || v.Bump > 0 && now > w
}

// Finish appends the checksum of key, identity and body; nothing to a tombstone.
// The rest of the header is not under the checksum: the server of the layer may
// raise its version.
func (V1) Finish(dst []byte, start int, r Record) []byte {
	if r.Header.Kind == core.TombstoneWrite {
		return dst
	}
	return binary.BigEndian.AppendUint32(dst, checksum(r.Key, dst[start+identity:]))
}

// Parse reads a frame. Without tags and marks it allocates nothing. What follows the
// header of a tombstone is not looked at.
func (V1) Parse(key string, data []byte, offset time.Duration) (Frame, error) {
	h, err := core.ParseHeader(data)
	if err != nil {
		return Frame{}, err
	}
	f := Frame{Header: h}
	if h.Kind == core.TombstoneWrite {
		f.Meta.Version = h.Version
		return f, nil
	}
	flags, body, err := openBody(key, h.Version, data)
	if err != nil {
		return f, err
	}
	m, payload, err := parseBody(flags, body)
	if err != nil || !m.Version.IsZero() {
		return f, ErrCorrupt
	}
	m, ok := toInstants(m, offset)
	if !ok {
		return f, ErrCorrupt
	}
	m.Version = h.Version
	f.Meta, f.Payload = m, payload[:len(payload):len(payload)]
	return f, nil
}

// Header is [ParseHeader].
func (V1) Header(data []byte) (core.Header, error) { return core.ParseHeader(data) }

// openBody checks the version, flags and checksum of the body of data, whose header
// says v, and returns the flags and what is between prefix and checksum. The version
// of the body comes first: only for a known one do we know where its checksum is.
func openBody(key string, v core.Version, data []byte) (flags byte, between []byte, err error) {
	body := data[core.HeaderSize:]
	if len(body) < 2 || body[0] == 0 {
		return 0, nil, ErrCorrupt
	}
	if body[0] != bodyVersion || body[1]&^knownFlags != 0 {
		return 0, nil, ErrNewer
	}
	end := len(body) - checksumSize
	if end < bodyPrefix || binary.BigEndian.Uint32(body[end:]) != checksum(key, data[identity:core.HeaderSize+end]) {
		return 0, nil, ErrCorrupt
	}
	if !unharmed(v, binary.BigEndian.Uint64(body[2:])) {
		return 0, nil, ErrCorrupt
	}
	return body[1], body[bodyPrefix:end], nil
}

// parseBody reads the metadata and the payload.
func parseBody(flags byte, body []byte) (m core.Meta, payload []byte, err error) {
	if flags&flagExtra == 0 {
		return core.ParseMeta(body)
	}
	x, rest, err := core.ParseExtra(body)
	if err != nil || x == nil {
		return m, nil, ErrCorrupt
	}
	m, payload, err = core.ParseMeta(rest)
	m.Extra = x
	return m, payload, err
}
