// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest

import (
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// told is what a layer has told of evictions.
type told struct {
	mu    sync.Mutex
	times map[string]int
	wrong error // an entry that is not that of its key
}

func (t *told) hear(key string, e *core.Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.times == nil {
		t.times = make(map[string]int)
	}
	t.times[key]++
	if e == nil || string(e.Payload()) != filling {
		t.wrong = fmt.Errorf("with the key %q comes %s", key, describe(e))
	}
}

// soFar returns how often each key was told.
func (t *told) soFar() (times map[string]int, wrong error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.times), t.wrong
}

func (t *told) count() int {
	times, _ := t.soFar()
	return len(times)
}

func (p *probe) evictionTeller() (core.EvictionTeller, error) {
	t, ok := core.As[core.EvictionTeller](p.layer)
	if !ok {
		return nil, errors.New("the layer does not implement core.EvictionTeller")
	}
	return t, nil
}

func checkEvictions(p *probe) error {
	teller, err := p.evictionTeller()
	if err != nil {
		return err
	}
	t := new(told)
	teller.OnEvict(t.hear)
	if err := p.endOtherwise(); err != nil {
		return err
	}
	if n := t.count(); n > 0 {
		return fmt.Errorf("%d evictions are told in a layer that has room", n)
	}
	keys, err := p.fill()
	if err != nil {
		return err
	}
	if err := eventually(func() error { return p.wantTold(t, keys) }); err != nil {
		return err
	}
	before := t.count()
	if c, ok := core.As[core.Clearer](p.layer); ok {
		c.Clear()
	}
	if n := t.count() - before; n > 0 {
		return fmt.Errorf("%d evictions are told by Clear", n)
	}
	return nil
}

// endOtherwise has entries go in all ways that are no evictions.
func (p *probe) endOtherwise() error {
	for i := range 50 {
		key := fmt.Sprint("other", i)
		if err := errors.Join(p.set(key, p.entry(i)), p.set(key, p.entry(i+1))); err != nil {
			return err
		}
		if p.h.Oversize != nil && i%2 == 0 {
			_ = p.layer.Set(key, p.h.Oversize())
		}
		p.layer.Delete(key)
	}
	return nil
}

// wantTold expects each key to be either held or told once.
func (p *probe) wantTold(t *told, keys []string) error {
	times, wrong := t.soFar()
	if wrong != nil {
		return wrong
	}
	for _, key := range keys {
		_, held := p.layer.Get(key)
		if n := times[key]; held && n != 0 || !held && n != 1 {
			return fmt.Errorf("%q is told %d times; that it is held is %v", key, n, held)
		}
		delete(times, key)
	}
	for key := range times {
		return fmt.Errorf("%q is told, which was not set", key)
	}
	return nil
}

func checkEvictionsEnd(p *probe) error {
	teller, err := p.evictionTeller()
	if err != nil {
		return err
	}
	first, second := new(told), new(told)
	teller.OnEvict(first.hear)
	teller.OnEvict(second.hear)
	if _, err := p.fill(); err != nil {
		return err
	}
	if first.count() > 0 {
		return errors.New("a listener that was replaced still hears")
	}
	teller.OnEvict(nil)
	before := second.count()
	for i := range p.h.Capacity {
		if err := p.set(fmt.Sprint("unheard", i), core.Encoded([]byte(filling), core.Meta{Stale: hour, Dead: hour})); err != nil {
			return err
		}
	}
	if now := second.count(); now != before {
		return fmt.Errorf("%d evictions are told after the end", now-before)
	}
	return nil
}
