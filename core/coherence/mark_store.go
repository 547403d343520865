// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// Marks live in the distributed layer beside the entries, behind a prefix of
// their own, in frames whose payload is the generation: Hard and Soft, eight
// bytes each, little-endian.

var errMark = errors.New("mark cannot be settled")

// markTries is how often a mark is read again after another node came between.
const markTries = 8

// mark returns the generation of tag. If there is none yet, it makes one: what
// was stored under an earlier one is thereby invalid, which is always safe.
func (s *Shared) mark(ctx context.Context, tag string) (g core.Generation, made bool, err error) {
	for range markTries {
		g, expect, err := s.readMark(ctx, tag)
		if err != nil || !g.IsZero() {
			return g, false, err
		}
		g = draw()
		stored, err := s.writeMark(ctx, tag, g, core.Fill, expect, s.versions.Next())
		if err != nil || stored {
			return g, true, err
		}
	}
	return core.Generation{}, false, errMark
}

// expireMark draws a new soft generation for tag and keeps the hard one, so that
// it takes back no removal that came between.
func (s *Shared) expireMark(ctx context.Context, tag string, soft uint64, v core.Version) (core.Generation, error) {
	for range markTries {
		g, expect, err := s.readMark(ctx, tag)
		if err != nil {
			return g, err
		}
		if g.IsZero() {
			g = draw()
		}
		g.Soft = soft
		stored, err := s.writeMark(ctx, tag, g, core.Fill, expect, v)
		if err != nil || stored {
			return g, err
		}
	}
	return core.Generation{}, errMark
}

func (s *Shared) readMark(ctx context.Context, tag string) (g core.Generation, header []byte, err error) {
	data, ok, err := s.layer.Get(ctx, s.markPrefix+tag)
	if err != nil || !ok {
		return g, nil, s.failed(core.OpGet, tag, err)
	}
	g, header = s.parseMark(tag, data)
	return g, header, nil
}

// parseMark returns the generation in the bytes of a mark, zero if they cannot be
// read: as if there were none.
func (s *Shared) parseMark(tag string, data []byte) (g core.Generation, header []byte) {
	f, err := s.format.Parse(s.markPrefix+tag, data, s.clock.Offset())
	if len(data) >= core.HeaderSize {
		header = data[:core.HeaderSize]
	}
	if err == nil && len(f.Payload) == 16 {
		g.Hard = binary.LittleEndian.Uint64(f.Payload)
		g.Soft = binary.LittleEndian.Uint64(f.Payload[8:])
	}
	return g, header
}

func (s *Shared) writeMark(ctx context.Context, tag string, g core.Generation, mode core.Mode, expect []byte, v core.Version) (stored bool, err error) {
	payload := binary.LittleEndian.AppendUint64(nil, g.Hard)
	payload = binary.LittleEndian.AppendUint64(payload, g.Soft)
	end := s.clock.Now().Add(markLife)
	r := wire.Record{
		Key:    s.markPrefix + tag,
		Header: core.Header{Version: v, Kind: core.ValueWrite},
		Meta:   core.Meta{Version: v, Stale: end, Dead: end},
		Offset: s.clock.Offset(),
	}
	w := core.Write{Mode: mode, Data: wire.AppendFrame(s.format, nil, r, payload), TTL: markLife, Expect: expect, TombstoneTTL: markLife}
	if s.arbiter == nil {
		return true, s.failed(core.OpSet, tag, s.layer.Set(ctx, r.Key, w.Data, w.TTL))
	}
	ruling, err := s.arbiter.Arbitrate(ctx, r.Key, w)
	return ruling.Stored, s.failed(core.OpSet, tag, err)
}
