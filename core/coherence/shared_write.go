// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// This file is how one write goes to the distributed layer; shared.go is how it is read.

// put is a write of the entry m, payload, or of a tombstone.
type put struct {
	key     string
	mode    core.Mode
	kind    core.WriteKind
	meta    core.Meta
	payload []byte
	expect  []byte
	notice  *core.Notice
	lasting bool // the layer keeps it for as long as a tombstone at least
}

// tombstone is the removal v of key.
func tombstone(key string, v core.Version, n *core.Notice) put {
	return put{key: key, mode: core.Force, kind: core.TombstoneWrite, meta: core.Meta{Version: v}, notice: n}
}

// Write stores a value, or a tombstone. A refusal is not an error.
func (s *Shared) Write(ctx context.Context, p put) (core.Ruling, error) {
	if s.orders(p) {
		return s.arbitrate(ctx, p)
	}
	if p.kind == core.TombstoneWrite {
		return s.took(p, core.OpRemove, s.layer.Delete(ctx, s.prefix+p.key))
	}
	w, key := s.frame(p)
	err := s.layer.Set(ctx, key, w.Data, w.TTL)
	if errors.Is(err, core.ErrNoRoom) && p.mode != core.Fill {
		err = errors.Join(err, s.layer.Delete(ctx, key)) // what it holds is obsolete
	}
	return s.took(p, core.OpSet, err)
}

// orders reports whether the layer orders p among the other writes of its key.
func (s *Shared) orders(p put) bool {
	return s.arbiter != nil && !(p.kind == core.TombstoneWrite && p.mode == core.Force && mutation.On(mutation.NoTombstone))
}

// took is the ruling of a layer that takes everything.
func (s *Shared) took(p put, op core.Op, err error) (core.Ruling, error) {
	if err == nil {
		s.stored(p)
	}
	return core.Ruling{Stored: true, Header: core.Header{Version: p.meta.Version}}, s.failed(op, p.key, err)
}

// Replay is Write for a write that failed before. A layer that does not order
// writes is read first; what comes in between is overwritten.
func (s *Shared) Replay(ctx context.Context, p put) (core.Ruling, error) {
	if s.arbiter != nil {
		return s.arbitrate(ctx, p)
	}
	w, key := s.frame(p)
	current, _, err := s.layer.Get(ctx, key)
	switch {
	case errors.Is(err, core.ErrForeign):
		return s.ruled(p, core.Ruling{Foreign: true}, nil)
	case err != nil:
		return core.Ruling{}, s.failed(core.OpGet, p.key, err)
	}
	d := w.Decide(current)
	if d.Store {
		err = s.layer.Set(ctx, key, d.Data, d.TTL)
	}
	return d.Ruling, s.failed(core.OpSet, p.key, err)
}

func (s *Shared) arbitrate(ctx context.Context, p put) (core.Ruling, error) {
	w, key := s.frame(p)
	ruling, err := s.arbiter.Arbitrate(ctx, key, w)
	return s.ruled(p, ruling, err)
}

// ruled takes note of what the layer has decided.
func (s *Shared) ruled(p put, ruling core.Ruling, err error) (core.Ruling, error) {
	if err != nil {
		return core.Ruling{}, s.failed(core.OpSet, p.key, err)
	}
	s.versions.Observe(ruling.Header.Version)
	switch {
	case ruling.Foreign:
		s.unreadable(p.key, core.ErrForeign)
	case ruling.Stored:
		s.stored(p)
	}
	return ruling, nil
}

// frame makes the bytes of a write, and its full key.
func (s *Shared) frame(p put) (core.Write, string) {
	r := wire.Record{
		Key:    s.prefix + p.key,
		Header: core.Header{Version: p.meta.Version, Kind: p.kind},
		Meta:   p.meta,
		Offset: s.clock.Offset(),
	}
	ttl := s.options.TombstoneTTL
	if p.kind != core.TombstoneWrite {
		ttl = remaining(p.meta.Dead, s.clock.Now())
	}
	if p.lasting {
		ttl = max(ttl, s.options.TombstoneTTL)
	}
	return core.Write{
		Mode: p.mode,
		Data: wire.AppendFrame(s.format, make([]byte, 0, len(p.payload)+frameOverhead), r, p.payload),
		TTL:  ttl, Expect: p.expect, Notice: p.notice,
		Skew: s.options.MaxSkew, TombstoneTTL: s.options.TombstoneTTL,
	}, r.Key
}

// frameOverhead is a guess at what a frame adds to its payload.
const frameOverhead = core.HeaderSize + 48

// Remove removes key, as removal v. If the layer orders writes, a mark stays for
// a while: a load that began before must not bring the value back.
func (s *Shared) Remove(ctx context.Context, key string, v core.Version) (core.Ruling, error) {
	return s.Write(ctx, tombstone(key, v, nil))
}

// expireTries is how often an expiry is tried again after another write came
// between its read and its own write. Then it removes.
const expireTries = 3

// Expire ends the logical life of key's value, which stays for fail-safe as long
// as it would have. A value that fail-safe cannot use is removed, and so is none
// at all: a load that began before must not bring one.
//
// If the layer does not order writes, one that comes between this method's read
// and its write is undone.
func (s *Shared) Expire(ctx context.Context, key string, v core.Version) (core.Ruling, error) {
	for range expireTries {
		found, err := s.Read(ctx, key)
		if err != nil {
			return core.Ruling{}, err
		}
		m := found.Meta
		if found.Payload == nil || m.Dead <= m.Stale || m.Dead <= s.clock.Now() {
			break
		}
		m.Version = v
		m.Stale = core.Instant(-s.clock.Offset()) // 1970: the past by any node's clock
		if mutation.On(mutation.ClockExpiry) {
			m.Stale = s.clock.Now()
		}
		ruling, err := s.Write(ctx, put{key: key, mode: core.Fill, kind: core.ValueWrite, meta: m, payload: found.Payload, expect: found.Seen.Header, lasting: true})
		if err != nil || ruling.Stored || ruling.Foreign {
			return ruling, err
		}
	}
	return s.Remove(ctx, key, v)
}
