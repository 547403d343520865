// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"fmt"
	"math/bits"
)

const (
	// memorySlack is what any value may cost, however few bytes encode it.
	memorySlack = 1 << 20

	mapHeader      = 48      // bytes of an empty map
	listHeader     = 24      // bytes of a slice header in an empty interface
	vendorMapLimit = 1 << 20 // roughly the entries that the vendor makes room for at once
)

func (sc *scanner) openList(s *shape, n uint64) error {
	if err := sc.promise(n); err != nil {
		return err
	}
	f := frame{left: n, value: s.elem}
	cost := s.unit
	switch s.kind {
	case kindAny:
		cost = 16
		if err := sc.charge(1, listHeader); err != nil {
			return err
		}
	case kindRecord:
		cost = 0
		if n == uint64(len(s.order)) {
			f.rec = s // otherwise the vendor refuses the array or stops at its header
		}
	case kindMap:
		cost = 0 // the vendor refuses the array
	}
	if err := sc.charge(n, cost); err != nil {
		return err
	}
	return sc.push(f)
}

func (sc *scanner) openMap(s *shape, n uint64) error {
	if err := sc.promise(2 * n); err != nil {
		return err
	}
	f := frame{left: 2 * n, key: s.elem, value: s.elem}
	switch s.kind {
	case kindRecord:
		f.key, f.rec = &sc.name, s
	case kindMap, kindAny:
		f.key = s.key
		if err := sc.charge(1, mapHeader); err != nil {
			return err
		}
		if err := sc.charge(n, s.extra); err != nil {
			return err
		}
		if err := sc.charge(slots(n), s.slot); err != nil {
			return err
		}
	}
	return sc.push(f)
}

// promise refuses n values when there are not as many bytes.
func (sc *scanner) promise(n uint64) error {
	if n > uint64(len(sc.data)-sc.pos) && !sc.part {
		return sc.truncated()
	}
	return nil
}

// slots returns how many slots Go makes, over time, for a map of n entries.
func slots(n uint64) uint64 {
	switch {
	case n == 0:
		return 0
	case n <= 8:
		return 8
	case n <= vendorMapLimit:
		return 1 << bits.Len64(n*8/7)
	}
	return 2 << bits.Len64(n*8/7)
}

func (sc *scanner) push(f frame) error {
	if sc.depth+1 == len(sc.frames) {
		return fmt.Errorf("%w: nested deeper than %d at byte %d", ErrLimit, len(sc.frames)-1, sc.pos)
	}
	sc.depth++
	sc.frames[sc.depth] = f
	return nil
}

func (sc *scanner) charge(n, each uint64) error {
	over, cost := bits.Mul64(n, each)
	if over != 0 || cost > sc.budget {
		return fmt.Errorf("%w: decoding would take too much memory, at byte %d of %d", ErrLimit, sc.pos, len(sc.data))
	}
	sc.budget -= cost
	return nil
}
