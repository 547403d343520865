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
	bodyPrefix   = 2 // version and flags
	checksumSize = 4
)

// Begin appends the header, and unless it is a tombstone's, the body's version,
// flags and metadata.
func (V1) Begin(dst []byte, r Record) []byte {
	dst = core.AppendHeader(dst, r.Header)
	if r.Header.Kind == core.TombstoneWrite {
		return dst
	}
	dst = append(dst, bodyVersion, 0)
	m := toWall(r.Meta, r.Offset)
	return m.AppendBinary(dst)
}

// Finish appends the checksum of key and body; nothing to a tombstone. The
// header is not under the checksum: the server of the layer may raise its
// version.
func (V1) Finish(dst []byte, start int, r Record) []byte {
	if r.Header.Kind == core.TombstoneWrite {
		return dst
	}
	return binary.BigEndian.AppendUint32(dst, checksum(r.Key, dst[start+core.HeaderSize:]))
}

// Parse reads a frame. Without tags it allocates nothing. What follows the
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
	body, err := openBody(key, data[core.HeaderSize:])
	if err != nil {
		return f, err
	}
	m, payload, err := core.ParseMeta(body)
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

// openBody checks the version, flags and checksum of body and returns what is
// between them. The version comes first: only for a known one do we know where
// its checksum is.
func openBody(key string, body []byte) ([]byte, error) {
	if len(body) < bodyPrefix || body[0] == 0 {
		return nil, ErrCorrupt
	}
	if body[0] != bodyVersion || body[1] != 0 {
		return nil, ErrNewer
	}
	end := len(body) - checksumSize
	if end < bodyPrefix || binary.BigEndian.Uint32(body[end:]) != checksum(key, body[:end]) {
		return nil, ErrCorrupt
	}
	return body[bodyPrefix:end], nil
}
