// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// Timeline is a clock that can be related to wall-clock time.
type Timeline interface {
	core.Clock

	// Offset returns the wall clock, in nanoseconds since 1970, at instant zero.
	Offset() time.Duration
}

// Shared is the one door to the distributed layer: it frames what goes out,
// judges what comes in, and bounds every call by its caller's context. Safe for
// concurrent use.
type Shared struct {
	layer    core.DistributedLayer
	prefix   string
	format   wire.Format
	clock    Timeline
	versions *Versions
	events   *core.Events
}

// NewShared returns the door to layer, all keys behind prefix. events may be nil.
func NewShared(layer core.DistributedLayer, prefix string, clock Timeline, v *Versions, events *core.Events) *Shared {
	return &Shared{layer: layer, prefix: prefix, format: wire.V1{}, clock: clock, versions: v, events: events}
}

// Found is what the distributed layer holds for a key.
type Found struct {
	Seen    *core.Seen
	Meta    core.Meta
	Payload []byte // nil if there is nothing to read
}

// Read reads key. Bytes that cannot be read are nothing, and an event.
func (s *Shared) Read(ctx context.Context, key string) (Found, error) {
	asked := s.clock.Now()
	data, ok, err := s.layer.Get(ctx, s.prefix+key)
	if err != nil {
		return Found{}, s.failed(core.OpGet, key, err)
	}
	if !ok {
		return Found{Seen: &core.Seen{}}, nil
	}
	frame, err := s.format.Parse(s.prefix+key, data, s.clock.Offset())
	seen := &core.Seen{}
	if len(data) >= core.HeaderSize {
		seen.Header = data[:core.HeaderSize]
	}
	if err != nil {
		seen.Foreign = errors.Is(err, wire.ErrForeign) || errors.Is(err, wire.ErrNewer)
		s.unreadable(key, err)
		return Found{Seen: seen}, nil
	}
	s.versions.Observe(frame.Header.Version)
	if frame.Header.Kind == core.TombstoneWrite {
		return Found{Seen: seen}, nil
	}
	frame.Meta.Checked = asked
	return Found{Seen: seen, Meta: frame.Meta, Payload: frame.Payload}, nil
}

func (s *Shared) unreadable(key string, err error) {
	kind := core.DecodeFailed
	if errors.Is(err, wire.ErrForeign) {
		kind = core.Foreign
	}
	s.events.Emit(core.Event{Kind: kind, Key: key, Level: core.LevelDistributed, Op: core.OpDecode, Err: err})
}

// Write stores the entry m, payload under key.
func (s *Shared) Write(ctx context.Context, key string, kind core.WriteKind, m core.Meta, payload []byte) error {
	r := wire.Record{
		Key:    s.prefix + key,
		Header: core.Header{Version: m.Version, Kind: kind},
		Meta:   m,
		Offset: s.clock.Offset(),
	}
	data := make([]byte, 0, len(payload)+frameOverhead)
	data = wire.AppendFrame(s.format, data, r, payload)
	if err := s.layer.Set(ctx, r.Key, data, remaining(m.Dead, s.clock.Now())); err != nil {
		return s.failed(core.OpSet, key, err)
	}
	return nil
}

// frameOverhead is a guess at what a frame adds to its payload.
const frameOverhead = core.HeaderSize + 48

// Remove deletes key.
func (s *Shared) Remove(ctx context.Context, key string) error {
	if err := s.layer.Delete(ctx, s.prefix+key); err != nil {
		return s.failed(core.OpRemove, key, err)
	}
	return nil
}

// Expire ends the logical life of key's value, which stays for fail-safe as long
// as it would have. A value that fail-safe cannot use is deleted.
//
// Between its read and its write another node may write; then that write is
// undone. A layer with conditional writes is spared this.
func (s *Shared) Expire(ctx context.Context, key string, v core.Version) error {
	found, err := s.Read(ctx, key)
	if err != nil || (found.Payload == nil && found.Seen.Header == nil) {
		return err
	}
	m, now := found.Meta, s.clock.Now()
	if found.Payload == nil || m.Dead <= m.Stale || m.Dead <= now {
		return s.Remove(ctx, key)
	}
	m.Version = v
	m.Stale = min(m.Stale, now)
	return s.Write(ctx, key, core.ValueWrite, m, found.Payload)
}

// failed wraps an error of the layer and tells the listeners. The end of a
// caller's context is not a failure of the layer.
func (s *Shared) failed(op core.Op, key string, err error) error {
	wrapped := &core.LayerError{Level: core.LevelDistributed, Op: op, Key: key, Err: err}
	if !errors.Is(err, context.Canceled) {
		s.events.Emit(core.Event{Kind: core.LayerFailed, Key: key, Level: core.LevelDistributed, Op: op, Err: err})
	}
	return wrapped
}
