// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

const (
	workers = 8
	rounds  = 100
	shared  = 4 // keys that all workers write, read and delete
)

// checkVisibleAtOnce hands each key to a reader as soon as it is set.
func checkVisibleAtOnce(p *probe) error {
	keys, answers := make(chan int), make(chan error)
	defer close(keys)
	go func() {
		defer close(answers)
		for n := range keys {
			answers <- lawtest.Guard(func() error { return p.wantLike(visibleKey(n), n) })
		}
	}()
	for n := range 300 {
		if err := p.set(visibleKey(n), p.entry(n)); err != nil {
			return err
		}
		keys <- n
		if err := <-answers; err != nil {
			return fmt.Errorf("on another goroutine: %w", err)
		}
	}
	return nil
}

func visibleKey(n int) string { return fmt.Sprint("visible", n%20) }

// checkConcurrent lets workers write, read and delete a few shared keys, and
// each one key of its own that nobody else touches.
func checkConcurrent(p *probe) error {
	for i := range shared {
		if err := p.set(sharedKey(i), stamped(sharedKey(i), 0, 0)); err != nil {
			return err
		}
	}
	errs := make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			errs[w] = lawtest.Guard(func() error { return p.work(w) })
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i := range shared {
		errs = append(errs, p.setAndRead(sharedKey(i), stamped(sharedKey(i), 0, 1)))
	}
	return errors.Join(errs...)
}

func sharedKey(i int) string { return fmt.Sprint("shared", i%shared) }

func (p *probe) work(w int) error {
	own := fmt.Sprint("own", w)
	for r := range rounds {
		key := sharedKey(w + r)
		if err := p.set(key, stamped(key, w, r)); err != nil {
			return err
		}
		if err := p.setAndRead(own, stamped(own, w, r)); err != nil {
			return err
		}
		if err := errors.Join(p.wantStamped(sharedKey(w*3+r)), p.wantStamped(key)); err != nil {
			return err
		}
		if r%7 == 3 {
			p.layer.Delete(key)
		}
		if r%10 == 9 {
			p.layer.Delete(own)
			if err := p.wantMiss(own); err != nil {
				return err
			}
		}
	}
	return nil
}

// wantStamped expects a whole entry of key or none: others delete it.
func (p *probe) wantStamped(key string) error {
	if e, ok := p.layer.Get(key); ok && !isStamped(key, e) {
		return fmt.Errorf("Get(%q) = %s, which nobody wrote", key, describe(e))
	}
	m, ok := core.As[core.ByteMemory](p.layer)
	if !ok {
		return nil
	}
	data, ok := m.AppendEntry(nil, key)
	if !ok {
		return nil
	}
	found, payload, err := core.ParseEntry(data)
	if err != nil || !isStamped(key, core.Encoded(payload, found)) {
		return fmt.Errorf("AppendEntry(%q) = %q, which nobody wrote", key, data)
	}
	return nil
}

// stamped returns an entry that names its key, writer and round in payload and
// metadata, long enough to be torn.
func stamped(key string, w, r int) *core.Entry {
	unit := fmt.Appendf(nil, "%s %03d %03d;", key, w, r)
	return core.Encoded(bytes.Repeat(unit, 20), meta(w*rounds+r))
}

// isStamped reports whether e is a whole entry of key.
func isStamped(key string, e *core.Entry) bool {
	var w, r int
	unit, _, ok := bytes.Cut(e.Payload(), []byte(";"))
	rest, found := bytes.CutPrefix(unit, []byte(key+" "))
	if !ok || !found {
		return false
	}
	if _, err := fmt.Sscanf(string(rest), "%d %d", &w, &r); err != nil {
		return false
	}
	return difference(e, stamped(key, w, r)) == ""
}
