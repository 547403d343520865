// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest

import (
	"errors"
	"fmt"

	"github.com/fusioncache-go/fusioncache/core"
)

// filling is the payload of what fill writes.
const filling = "filling"

// fill writes half as many entries again as the layer may hold.
func (p *probe) fill() (keys []string, err error) {
	m := core.Meta{Stale: hour, Dead: hour}
	for i := range p.h.Capacity + p.h.Capacity/2 + 1 {
		key := fmt.Sprint("fill", i)
		if err := p.set(key, core.Encoded([]byte(filling), m)); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func checkBound(p *probe) error {
	keys, err := p.fill()
	if err != nil {
		return err
	}
	return eventually(func() error { return p.withinBound(keys) })
}

func (p *probe) withinBound(keys []string) error {
	held := 0
	for _, key := range keys {
		if _, ok := p.layer.Get(key); ok {
			held++
		}
	}
	if held > p.h.Capacity {
		return fmt.Errorf("of %d keys %d are held, the capacity is %d", len(keys), held, p.h.Capacity)
	}
	if l, ok := core.As[core.Lener](p.layer); ok && l.Len() > p.h.Capacity {
		return fmt.Errorf("%d entries by Len, the capacity is %d", l.Len(), p.h.Capacity)
	}
	return nil
}

func checkVisibleWhenFull(p *probe) error {
	if _, err := p.fill(); err != nil {
		return err
	}
	for i := range 300 {
		if err := p.setAndRead(fmt.Sprint("new", i), p.entry(i)); err != nil {
			return err
		}
	}
	return nil
}

func checkOversize(p *probe) error {
	kept, large := p.entry(1), p.h.Oversize()
	if err := errors.Join(p.set("kept", kept), p.set("large", p.entry(3))); err != nil {
		return err
	}
	for _, key := range []string{"large", "large", "never"} {
		err := p.layer.Set(key, large)
		switch {
		case err == nil:
			return fmt.Errorf("Set(%q) takes an entry that is too large", key)
		case !errors.Is(err, core.ErrTooLarge):
			return fmt.Errorf("Set(%q): error %q does not wrap core.ErrTooLarge", key, err)
		}
		if err := p.wantMiss(key); err != nil {
			return fmt.Errorf("after a refused Set: %w", err)
		}
	}
	return errors.Join(p.want("kept", kept), p.setAndRead("large", p.entry(5)), p.want("kept", kept))
}

func checkClear(p *probe) error {
	c, ok := core.As[core.Clearer](p.layer)
	if !ok {
		return errors.New("the layer does not implement core.Clearer")
	}
	c.Clear()
	for round := range 2 {
		for i := range 200 {
			if err := p.setAndRead(fmt.Sprint("clear", i), p.entry(i)); err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
		}
		c.Clear()
		var errs []error
		for i := range 200 {
			errs = append(errs, p.wantMiss(fmt.Sprint("clear", i)))
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	return p.setAndRead("after", p.entry(1))
}

func checkLen(p *probe) error {
	l, err := p.lener()
	if err != nil {
		return err
	}
	wantLen := func(n int) error {
		return eventually(func() error {
			if got := l.Len(); got != n {
				return fmt.Errorf("%d entries by Len, want %d", got, n)
			}
			return nil
		})
	}
	if err := wantLen(0); err != nil {
		return err
	}
	for round := range 2 { // the second overwrites
		for i := range 100 {
			if err := p.set(fmt.Sprint("len", i), p.entry(i+round)); err != nil {
				return err
			}
		}
		if err := wantLen(100); err != nil {
			return err
		}
	}
	for i := range 40 {
		p.layer.Delete(fmt.Sprint("len", 60+i))
	}
	return wantLen(60)
}
