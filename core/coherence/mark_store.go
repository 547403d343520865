// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// Marks live in the distributed layer beside the entries, behind a prefix of
// their own, in frames whose payload is the generation: Hard and Soft, eight
// bytes each, little-endian.

var errMark = errors.New("mark cannot be settled")

// markTries is how often a mark is read again after another node came between.
const markTries = 8

// placed is what the distributed layer holds for a tag: gen is zero if nothing that
// can be read, header if nothing at all.
type placed struct {
	gen    core.Generation
	header core.Header
}

// mark returns the mark of tag. If there is none yet, it makes one: what was stored
// under an earlier one is thereby invalid, which is always safe.
func (s *Shared) mark(ctx context.Context, tag string) (p placed, made bool, err error) {
	var refused core.Header // what was there when the last try was refused
	for range markTries {
		there, err := s.readMark(ctx, tag)
		if err != nil || !there.gen.IsZero() {
			return there, false, err
		}
		if there.header.Compare(refused.Version) < 0 {
			break // the answer lags
		}
		p, stored, err := s.writeMark(ctx, tag, draw(), there.header, s.versions.Next())
		if err != nil || stored {
			return p, true, err
		}
		refused = p.header
	}
	return placed{}, false, errMark
}

func (s *Shared) readMark(ctx context.Context, tag string) (p placed, err error) {
	data, ok, err := s.layer.Get(ctx, s.markPrefix+tag)
	if err != nil || !ok {
		return p, s.failed(core.OpGet, tag, err)
	}
	return s.parseMark(tag, data), nil
}

// parseMark returns the mark in data. What cannot be read is as if it were not there.
func (s *Shared) parseMark(tag string, data []byte) (p placed) {
	f, err := s.format.Parse(s.markPrefix+tag, data, s.clock.Offset())
	p.header, _ = core.ParseHeader(data)
	s.versions.Observe(p.header.Version) // so the next mark is later
	if err == nil && len(f.Payload) == 16 {
		p.gen.Hard = binary.LittleEndian.Uint64(f.Payload)
		p.gen.Soft = binary.LittleEndian.Uint64(f.Payload[8:])
	}
	return p
}

// writeMark stores the mark g in the place of over, and of nothing else. p is what the
// place then holds, if it was stored.
func (s *Shared) writeMark(ctx context.Context, tag string, g core.Generation, over core.Header, v core.Version) (p placed, stored bool, err error) {
	payload := binary.LittleEndian.AppendUint64(nil, g.Hard)
	payload = binary.LittleEndian.AppendUint64(payload, g.Soft)
	end := s.clock.Now().Add(markLife)
	r := wire.Record{
		Key:    s.markPrefix + tag,
		Header: core.Header{Version: v, Kind: core.ValueWrite},
		Meta:   core.Meta{Version: v, Stale: end, Dead: end},
		Offset: s.clock.Offset(),
	}
	var expect []byte
	if over != (core.Header{}) {
		expect = core.AppendHeader(nil, over)
	}
	w := core.Write{Mode: core.Fill, Data: wire.AppendFrame(s.format, nil, r, payload), TTL: markLife, Expect: expect, TombstoneTTL: markLife}
	if mutation.On(mutation.BlindMark) {
		w.Mode = core.Force
	}
	if s.arbiter == nil {
		return placed{g, r.Header}, true, s.failed(core.OpSet, tag, s.layer.Set(ctx, r.Key, w.Data, w.TTL))
	}
	ruling, err := s.arbiter.Arbitrate(ctx, r.Key, w)
	s.versions.Observe(ruling.Header.Version)
	return placed{g, ruling.Header}, ruling.Stored, s.failed(core.OpSet, tag, err)
}
