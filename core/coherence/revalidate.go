// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// This file is how a copy in memory that is in doubt, because a message may have been
// lost or a value came along with one, is believed again: its ordering header, in the
// distributed layer, shows that it still is the last write.

// revalidate asks only for the header if the node holds an entry that would be
// fresh, had no message been lost: if the layer still holds that write, it is.
func revalidate(ctx context.Context, s *Shared, l *Local, r core.Request) (res core.Result, ok bool, err error) {
	m, ok := l.doubted(ctx, r)
	if !ok {
		return core.Result{}, false, nil
	}
	h, ok, err := s.Header(ctx, r.Key)
	if err != nil || !l.holds(r, h, ok) {
		return core.Result{}, false, err
	}
	return l.reassured(r, m), true, nil
}

// doubted returns the metadata that r.Held has if its header shows it to be the last
// write. There is none if the header is not enough: it is no entry that would be fresh,
// or its marks speak against it.
func (l *Local) doubted(ctx context.Context, r core.Request) (m core.Meta, ok bool) {
	if r.Held == nil || r.Held.State(l.clock.Now()) != core.Fresh || r.Held.Version().IsZero() {
		return m, false
	}
	m = r.Held.Meta()
	m.Checked = l.clock.Now()
	if l.marks == nil {
		return m, true
	}
	m.Stamp = l.marks.marked(m.Stamp, l.marks.changes.Load())
	return m, l.marks.Learn(ctx, &m) == Valid
}

// holds reports whether h, the header that the distributed layer was seen to have for
// the key of r, if it has one, is that of r.Held.
func (l *Local) holds(r core.Request, h core.Header, ok bool) bool {
	if ok && h.Same(r.Held.Version()) {
		return true
	}
	l.superseded(r.Key, r.Held, h.Version)
	return false
}

// reassured answers with r.Held, which is the last write and has the metadata m.
func (l *Local) reassured(r core.Request, m core.Meta) core.Result {
	var live *core.Entry
	if !r.Options.Clone {
		live = r.Held
	}
	l.confirm(r.Key, r.Token, m, live)
	l.Use(r.Key, &m, l.clock.Now())
	l.events.Emit(core.Event{Kind: core.Revalidated, Key: r.Key, Level: core.LevelMemory})
	return core.Result{Entry: r.Held.With(m), Level: core.LevelMemory}
}
