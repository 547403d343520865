// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// late returns the generation that a tag had before a load began, at born and at
// change began, for a load that names the tag only at its end. ok is false if nobody
// can tell: the tag may have been removed while the load went on, and what it has
// read is then not to be stored under what came after.
func (m *Marks) late(ctx context.Context, tag string, began uint64, born core.Instant) (g core.Generation, ok bool) {
	now := m.clock.Now()
	m.mu.Lock()
	k := m.known[tag]
	quiet := max(k.touched, m.forgotten) <= began
	m.mu.Unlock()
	switch {
	case !quiet:
		return g, false
	case m.shared == nil:
		return m.invent(tag, now), true
	case !k.gen.IsZero() && !k.doubted && k.at <= born:
		return k.gen, true
	}
	p, before, err := m.shared.markBefore(ctx, tag, born)
	if err != nil {
		return m.invent(tag, 0), true
	}
	g, err = m.answered(tag, p, now, began)
	return g, before || err != nil
}

// markBefore is mark; before reports whether the mark was drawn before born, as far
// as clocks can tell, or is this node's first: then there was none to renew.
func (s *Shared) markBefore(ctx context.Context, tag string, born core.Instant) (p placed, before bool, err error) {
	p, err = s.readMark(ctx, tag)
	if err != nil {
		return p, false, err
	}
	if p.gen.IsZero() {
		return s.mark(ctx, tag)
	}
	wall := time.Duration(born) + s.clock.Offset() - s.options.MaxSkew
	return p, p.header.Time < wall.Milliseconds(), nil
}
