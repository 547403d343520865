// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// Sight is what a node knows of a key, for people who look for the cause of
// something.
type Sight struct {
	Entry    *core.Entry // nil: memory has none
	Standing Standing    // of the entry to the marks
	Trusted  bool        // no message about the entry can have been missed
	Fence    core.Version
	Owed     core.Version // of an own write that the distributed layer may not have
	Debts    int          // keys that are owed
	Overflow bool         // there were more than could be kept
	Suspect  core.Instant // entries checked before it are not believed
	Deaf     bool         // the node may not hear what is sent
	Quiet    bool         // another node has been silent for too long
}

// Inspect tells what the node knows of key. It asks nobody and changes nothing.
func (l *Local) Inspect(key string) (s Sight) {
	now := l.clock.Now()
	s.Fence = l.fences.of(l.hash(key), now)
	s.Suspect = core.Instant(l.pulse.suspect.Load())
	s.Deaf = int64(now) > l.pulse.hears.Load()
	s.Quiet = l.pulse.quiet.Load() != int64(core.Never)
	if l.debts != nil {
		s.Owed, _ = l.debts.owes(key)
		s.Debts, s.Overflow = l.debts.Len()
	}
	e, ok := l.memory.Get(key)
	if !ok {
		return s
	}
	m := e.Meta()
	s.Entry, s.Standing, s.Trusted = e, l.Standing(&m), l.Trusted(m.Checked, now)
	return s
}

// of returns the fence of the key with this hash at now; zero if there is none.
func (f *fences) of(hash uint64, now core.Instant) (v core.Version) {
	s := &f.shards[hash%fenceShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sets == nil {
		return v
	}
	set := &s.sets[hash/fenceShards%fenceSets]
	for _, w := range append([]fence{set.floor}, set.ways[:]...) {
		if (w.hash == hash || w == set.floor) && now < w.until && w.version.Compare(v) > 0 {
			v = w.version
		}
	}
	return v
}

// Held is what the distributed layer holds in the place of a key.
type Held struct {
	Found   bool // something is there
	Foreign bool // that is not ours, or of a newer format
	Header  core.Header
	Meta    core.Meta // if it is a value that can be read
	Value   bool      // it is
	Size    int       // in bytes, of the whole frame
	Unread  error     // why it cannot be read
}

// Inspect reads what the layer holds for key. It tells no listener.
func (s *Shared) Inspect(ctx context.Context, key string) (h Held, err error) {
	data, ok, err := s.layer.Get(ctx, s.prefix+key)
	if err != nil || !ok {
		return h, err
	}
	h.Found, h.Size = true, len(data)
	if h.Header, err = core.ParseHeader(data); err != nil {
		h.Foreign = true
		return h, nil
	}
	if h.Header.Kind == core.TombstoneWrite {
		return h, nil
	}
	frame, err := s.format.Parse(s.prefix+key, data, s.clock.Offset())
	h.Meta, h.Value, h.Unread = frame.Meta, err == nil, err
	return h, nil
}

// String returns how an entry with that standing stands to the marks.
func (s Standing) String() string {
	names := [...]string{"valid", "unknown", "expired", "removed"}
	if int(s) < len(names) {
		return names[s]
	}
	return "unknown"
}
