// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"crypto/sha256"
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

// placed is what the distributed layer holds for a tag; both are zero if nothing.
type placed struct {
	gen    core.Generation
	header core.Header
	end    core.Instant // of its life there; zero if it cannot be read
}

// mark returns the mark of tag. If there is none yet, it makes one: what was stored
// under an earlier one is thereby invalid, which is always safe.
func (s *Shared) mark(ctx context.Context, tag string) (p placed, made bool, err error) {
	var refused core.Header // what was there when the last try was refused
	var turn bool           // to draw
	for range markTries {
		there, err := s.readMark(ctx, tag)
		if err != nil {
			return there, false, err
		}
		if !there.gen.IsZero() {
			return s.prolonged(ctx, tag, there), false, nil
		}
		if there.header.Compare(refused.Version) < 0 {
			break // the answer lags
		}
		if s.arbiter == nil && tag == "" && !turn {
			select {
			case s.drawing <- struct{}{}:
				defer func() { <-s.drawing }()
				turn = true
				continue // with another look
			case <-ctx.Done():
				return placed{}, false, s.failed(core.OpSet, tag, context.Cause(ctx))
			}
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

// parseMark returns the mark in data. Bytes that are not ours are as if they were not
// there.
func (s *Shared) parseMark(tag string, data []byte) (p placed) {
	f, err := s.format.Parse(s.markPrefix+tag, data, s.clock.Offset())
	p.header, _ = core.ParseHeader(data)
	s.versions.Observe(p.header.Version) // so the next mark is later
	switch {
	case err == nil && len(f.Payload) == generationSize:
		p.gen, p.end = generation(f.Payload), f.Meta.Dead
	case p.header.Kind == core.ValueWrite:
		p.gen = strange(p.header)
	}
	return p
}

const generationSize = 16

func generation(b []byte) core.Generation {
	return core.Generation{Hard: binary.LittleEndian.Uint64(b), Soft: binary.LittleEndian.Uint64(b[8:])}
}

// strange returns the generation that stands for a mark that this node cannot read: a
// newer release has written it, or one with another key. It is the same for all such
// nodes, and another when the mark changes. If they drew a mark of their own instead,
// those who can read it and those who cannot would go on doing so for ever.
func strange(h core.Header) core.Generation {
	sum := sha256.Sum256(core.AppendHeader(nil, h))
	g := generation(sum[:])
	g.Hard |= 1 // not zero
	return g
}

// dropMark takes away the mark of a tag that is to change, at a server that has no room for
// another: what was stored under it is invalid without it, too.
func (s *Shared) dropMark(ctx context.Context, tag string) {
	if err := s.layer.Delete(ctx, s.markPrefix+tag); err != nil {
		_ = s.failed(core.OpRemove, tag, err)
	}
}

// halfOver reports whether a mark is to be prolonged.
func (s *Shared) halfOver(p placed) bool {
	return s.arbiter != nil && p.end != 0 && p.end.Sub(s.clock.Now()) <= markLife/2
}

// prolonged returns p, which was read, with another life if more than half of its own is
// over. It is written anew in the place of itself alone, so whoever changes it meanwhile
// prevails.
func (s *Shared) prolonged(ctx context.Context, tag string, p placed) placed {
	if !s.halfOver(p) {
		return p
	}
	if now, stored, err := s.writeMark(ctx, tag, p.gen, p.header, s.versions.Next()); err == nil && stored {
		return now
	}
	return p // the next one who reads it tries again
}

// writeMark stores the mark g in the place of over, and of nothing else. p is what the
// place then holds, if it was stored.
func (s *Shared) writeMark(ctx context.Context, tag string, g core.Generation, over core.Header, v core.Version) (p placed, stored bool, err error) {
	payload := binary.LittleEndian.AppendUint64(nil, g.Hard)
	payload = binary.LittleEndian.AppendUint64(payload, g.Soft)
	life := markLife
	if s.arbiter == nil && tag == "" {
		life = core.Forever // nobody could prolong it without undoing a change that came between
	}
	end := s.clock.Now().Add(life)
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
	w := core.Write{Mode: core.Fill, Data: wire.AppendFrame(s.format, nil, r, payload), TTL: life, Expect: expect, TombstoneTTL: life}
	if mutation.On(mutation.BlindMark) {
		w.Mode = core.Force
	}
	if s.arbiter == nil {
		return placed{g, r.Header, end}, true, s.failed(core.OpSet, tag, s.layer.Set(ctx, r.Key, w.Data, w.TTL))
	}
	ruling, err := s.arbiter.Arbitrate(ctx, r.Key, w)
	s.versions.Observe(ruling.Header.Version)
	return placed{g, ruling.Header, end}, ruling.Stored, s.failed(core.OpSet, tag, err)
}
