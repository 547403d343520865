// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

// What a node stores under a mark that it has drawn, while the mark is on its way,
// becomes valid everywhere when the mark arrives. If another node's mark arrived
// before it, the other removal may be the later one, and must not be undone. So a
// mark takes the place only of what was there when it was drawn, or of what was drawn
// long before; else it is drawn anew.

// drawn is a new mark on its way to the distributed layer.
type drawn struct {
	gen  core.Generation
	over core.Header // what was there when it was drawn; zero: not known
}

// draw returns a generation that was never used before.
func draw() core.Generation {
	var b [16]byte
	rand.Read(b[:]) // never fails, since Go 1.24
	return core.Generation{Hard: binary.LittleEndian.Uint64(b[:]) | 1, Soft: binary.LittleEndian.Uint64(b[8:])}
}

// Renew draws a new generation for a tag, or for everything: soft to expire,
// hard to remove. It holds on this node at once.
func (m *Marks) Renew(tag string, soft bool) core.Generation { return m.renew(tag, soft).gen }

func (m *Marks) renew(tag string, soft bool) drawn {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := draw()
	k, ok := m.known[tag]
	if !ok {
		m.makeRoom()
	} else if soft {
		g.Hard = k.gen.Hard
	}
	if k.doubted {
		k.header = core.Header{} // something else may be there by now
	}
	if !soft {
		k.gone = 0 // by now it is known what was removed
	}
	now := m.clock.Now()
	m.known[tag] = mark{gen: g, header: k.header, own: k.outlive(g), at: now, drawn: now, touched: m.changes.Add(1), gone: k.gone, floor: k.floor}
	return drawn{g, k.header}
}

// ahead returns d over what is there by now, if that is another mark of this node
// and nothing came between: that was drawn before d.
func (m *Marks) ahead(tag string, d drawn) drawn {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.known[tag]; k.gen == d.gen && !k.doubted {
		d.over = k.header
	}
	return d
}

// holds reports whether d, a mark of this node, is still the present one, no other is
// known to have come between, and it is known what it is to take the place of.
func (m *Marks) holds(tag string, d drawn) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.known[tag]
	return k.gen == d.gen && !k.doubted && d.over != core.Header{}
}

// arrived notes that the distributed layer has p, which was written at change began,
// in the place of before. A mark that this node has drawn since goes on to hold.
func (m *Marks) arrived(tag string, before core.Header, p placed, began uint64) {
	m.mu.Lock()
	k, ok := m.known[tag]
	if ok {
		if k.header == before {
			k.header = p.header
		}
		k.raise(p.header.Version, m.clock.Now(), m.lag)
		m.known[tag] = k
	}
	m.mu.Unlock()
	if k.gen.Soft == p.gen.Soft {
		m.learn(tag, p, m.clock.Now(), began)
	}
}

// spread takes a new mark to the distributed layer, as version v or a later one, which
// it returns; zero if it fails.
func (w *Writer) spread(ctx context.Context, tag string, soft bool, d drawn, v core.Version) (core.Version, error) {
	d = w.Marks.ahead(tag, d)
	first, known := d.over, d.over != core.Header{} && w.Shared.arbiter != nil
	var refused core.Header // what was there when the last try was refused
	for range markTries {
		if !known {
			there, err := w.Shared.readMark(ctx, tag)
			if err != nil {
				return core.Version{}, err
			}
			if there.header.Compare(refused.Version) < 0 {
				there = placed{header: refused} // the answer lags
			}
			d, v = w.redraw(tag, soft, d, there, v)
		}
		known = false
		began := w.Marks.changes.Load()
		now, stored, err := w.Shared.writeMark(ctx, tag, d.gen, d.over, v)
		if errors.Is(err, core.ErrNoRoom) {
			w.Shared.dropMark(ctx, tag)
		}
		if err != nil {
			return core.Version{}, err
		}
		if stored {
			w.Marks.arrived(tag, first, now, began)
			return v, nil
		}
		refused = now.header
	}
	return core.Version{}, errMark
}

// redraw returns d, drawn when v was, for the place of there: drawn anew, unless there
// was there before, is older for certain, or is d itself, which has arrived though it
// seemed to fail. An expiry takes back no removal.
func (w *Writer) redraw(tag string, soft bool, d drawn, there placed, v core.Version) (drawn, core.Version) {
	older := there.header.Time+w.Shared.options.MaxSkew.Milliseconds() < v.Time && there.header != core.Header{}
	if there.header != d.over && !older && there.gen.Soft != d.gen.Soft {
		v = w.Versions.Next()
		d.gen = w.Marks.Renew(tag, soft)
	}
	if soft && there.gen.IsZero() {
		d.gen.Hard = draw().Hard // nobody can tell which removal would be taken back
	} else if soft {
		d.gen.Hard = there.gen.Hard
	}
	d.over = there.header
	return d, v
}
