// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lazy"
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
	layer   core.DistributedLayer
	arbiter core.Arbiter           // nil: writes are not ordered by the server
	headers core.BatchHeaderReader // nil: many copies in doubt are read whole
	options SharedOptions
	prefix  string // of entries
	// markPrefix begins the keys of marks.
	markPrefix string
	format     wire.Format
	clock      Timeline
	versions   *Versions
	events     *core.Events
	timers     lazy.Timers

	// drawing has one place, for who makes the mark of the whole cache where the server
	// does not decide about writes. The loads of a new cache that begin at once would
	// otherwise each make one, and all but the last would load in vain.
	drawing chan struct{}
}

// SharedOptions are the constants of the protocol with the distributed layer.
type SharedOptions struct {
	// TombstoneTTL is how long the tombstone of a removal stays, and at least what is
	// written in its place, though nobody is shown it when its own life is over. Zero:
	// 60 s. It must be longer than MaxFillAge, so that no load from before a removal can
	// end after it is gone.
	TombstoneTTL time.Duration

	// MaxFillAge is the age, from the start of the load, at which a result is not
	// stored any more. Zero: 30 s.
	MaxFillAge time.Duration

	// MaxSkew is how far the clocks of two nodes may differ. Zero: 30 s.
	MaxSkew time.Duration

	// MaxPayload is the longest encoded value, in bytes, that goes to the
	// distributed layer. A longer one stays in memory, if that can hold it, and
	// what the layer has for its key is removed: core.LayerFailed says so, with
	// core.ErrTooLarge, and a Set is core.LocalOnly. Zero: 1 MiB.
	MaxPayload int
}

// Validate returns what contradicts itself in o, or nil.
func (o SharedOptions) Validate() error {
	if o = o.withDefaults(); o.TombstoneTTL <= o.MaxFillAge {
		return errors.New("TombstoneTTL must be longer than MaxFillAge")
	}
	return nil
}

func (o SharedOptions) withDefaults() SharedOptions {
	o.TombstoneTTL = cmp.Or(o.TombstoneTTL, time.Minute)
	o.MaxFillAge = cmp.Or(o.MaxFillAge, 30*time.Second)
	o.MaxSkew = cmp.Or(o.MaxSkew, DefaultMaxSkew)
	o.MaxPayload = cmp.Or(o.MaxPayload, 1<<20)
	return o
}

// MaxFillAge returns the age from which on the result of a load is not stored.
func (s *Shared) MaxFillAge() time.Duration { return s.options.MaxFillAge }

// Prefixes begin all keys in the distributed layer, those of entries and those
// of marks. Neither may begin with the other.
type Prefixes struct{ Entries, Marks string }

// NewShared returns the door to layer. events may be nil.
func NewShared(layer core.DistributedLayer, p Prefixes, clock Timeline, v *Versions, o SharedOptions, events *core.Events) *Shared {
	s := &Shared{
		layer: layer, prefix: p.Entries, markPrefix: p.Marks, options: o.withDefaults(), format: wire.V1{},
		clock: clock, versions: v, events: events, drawing: make(chan struct{}, 1),
	}
	s.arbiter, _ = core.As[core.Arbiter](layer)
	if s.arbiter != nil {
		s.headers, _ = core.As[core.BatchHeaderReader](layer)
	}
	return s
}

// Found is what the distributed layer holds for a key.
type Found struct {
	Seen    *core.Seen
	Meta    core.Meta
	Payload []byte       // nil if there is nothing to read
	ended   core.Instant // when a call has ended its life, as far as clocks can tell; zero: none has
}

// Read reads key. Bytes that cannot be read are nothing, and an event.
func (s *Shared) Read(ctx context.Context, key string) (Found, error) {
	return s.read(ctx, key, s.clock.Now())
}

// read is Read, asked at an instant.
func (s *Shared) read(ctx context.Context, key string, asked core.Instant) (Found, error) {
	full := s.prefix + key
	data, ok, err := s.layer.Get(ctx, full)
	return s.found(full, &core.Got{Data: data, OK: ok, Err: err}, asked, s.clock.Offset(), new(core.Seen))
}

// found judges what the layer has answered for a full key, while the clock had that
// offset. seen is for what it saw.
func (s *Shared) found(full string, got *core.Got, asked core.Instant, offset time.Duration, seen *core.Seen) (Found, error) {
	key := full[len(s.prefix):]
	switch {
	case errors.Is(got.Err, core.ErrForeign):
		s.unreadable(key, got.Err)
		seen.Foreign = true
		return Found{Seen: seen}, nil
	case got.Err != nil:
		return Found{}, s.failed(core.OpGet, key, got.Err)
	}
	if !got.OK {
		s.tell(core.LayerMiss, key)
		return Found{Seen: seen}, nil
	}
	frame, err := s.format.Parse(full, got.Data, offset)
	if len(got.Data) >= core.HeaderSize {
		seen.Header = got.Data[:core.HeaderSize]
	}
	if err != nil {
		seen.Foreign = errors.Is(err, wire.ErrForeign) || errors.Is(err, wire.ErrNewer)
		s.unreadable(key, err)
		return Found{Seen: seen}, nil
	}
	s.versions.Observe(frame.Header.Version)
	if frame.Header.Kind == core.TombstoneWrite {
		s.tell(core.LayerMiss, key)
		return Found{Seen: seen}, nil
	}
	s.hit(key, &frame.Meta)
	frame.Meta.Checked = asked
	f := Found{Seen: seen, Meta: frame.Meta, Payload: frame.Payload}
	if f.Meta.Ended() {
		f.ended = min(core.Instant(time.Duration(f.Meta.Version.Time)*time.Millisecond-offset), asked)
	}
	return f, nil
}

// hit tells listeners that the layer has an entry with m.
func (s *Shared) hit(key string, m *core.Meta) {
	if s.events.Wants(core.LayerHit) {
		state := m.State(s.clock.Now()).String()
		s.events.Emit(core.Event{Kind: core.LayerHit, Key: key, Level: core.LevelDistributed, Detail: state})
	}
}

// tell tells listeners what has become of key in the layer.
func (s *Shared) tell(kind core.Kind, key string) {
	if s.events.Wants(kind) {
		s.events.Emit(core.Event{Kind: kind, Key: key, Level: core.LevelDistributed})
	}
}

// stored tells listeners that the layer holds p now.
func (s *Shared) stored(p put) {
	kind := core.LayerWritten
	if p.kind == core.TombstoneWrite {
		kind = core.LayerRemoved
	}
	s.tell(kind, p.key)
}

func (s *Shared) unreadable(key string, err error) {
	kind := core.DecodeFailed
	if errors.Is(err, wire.ErrForeign) {
		kind = core.Foreign
	}
	s.events.Emit(core.Event{Kind: kind, Key: key, Level: core.LevelDistributed, Op: core.OpDecode, Err: err})
}

// Header reads only the ordering header of key: enough to tell whether a copy is
// still what the layer holds. It costs less than the value.
func (s *Shared) Header(ctx context.Context, key string) (h core.Header, ok bool, err error) {
	if s.arbiter == nil {
		found, err := s.Read(ctx, key)
		return core.Header{Version: found.Meta.Version, Kind: core.ValueWrite}, found.Payload != nil, err
	}
	data, ok, err := s.arbiter.ReadHeader(ctx, s.prefix+key)
	return s.header(key, core.Got{Data: data, OK: ok, Err: err})
}

// header is what the layer has answered when it was asked for the header of key.
func (s *Shared) header(key string, got core.Got) (h core.Header, ok bool, err error) {
	if errors.Is(got.Err, core.ErrForeign) {
		return core.Header{}, false, nil
	}
	if got.Err != nil || !got.OK {
		return core.Header{}, false, s.failed(core.OpGet, key, got.Err)
	}
	h, err = core.ParseHeader(got.Data)
	return h, err == nil && h.Kind != core.TombstoneWrite, nil
}

// Seen reads only what a fill has to compare with.
func (s *Shared) Seen(ctx context.Context, key string) (*core.Seen, error) {
	if s.arbiter == nil {
		return nil, nil
	}
	data, ok, err := s.arbiter.ReadHeader(ctx, s.prefix+key)
	if errors.Is(err, core.ErrForeign) {
		return &core.Seen{Foreign: true}, nil
	}
	if err != nil {
		return nil, s.failed(core.OpGet, key, err)
	}
	seen := &core.Seen{}
	if ok {
		_, err = core.ParseHeader(data)
		seen.Header, seen.Foreign = data, err != nil
	}
	return seen, nil
}

// unsettled makes an error of reading marks that of the Set of key, which needed
// them.
func (s *Shared) unsettled(key string, err error) error {
	if layer, ok := errors.AsType[*core.LayerError](err); ok {
		err = layer.Err
	}
	return s.failed(core.OpSet, key, err)
}

// failed wraps an error of the layer and tells the listeners. The end of a
// caller's context is not a failure of the layer.
func (s *Shared) failed(op core.Op, key string, err error) error {
	if err == nil {
		return nil
	}
	if !errors.Is(err, context.Canceled) {
		s.events.Emit(core.Event{Kind: core.LayerFailed, Key: key, Level: core.LevelDistributed, Op: op, Err: err})
	}
	return &core.LayerError{Level: core.LevelDistributed, Op: op, Key: key, Err: err}
}
