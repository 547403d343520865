// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locktest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

func checkWaitFree(p *probe) error {
	w := p.wait(p.service.Node(), name)
	defer func() { _ = w.end() }()
	if !w.ended(p.h.Patience) {
		return errors.New("a wait waits for nobody")
	}
	return w.err
}

func checkWaitRelease(p *probe) error {
	a, b, c := p.service.Node(), p.service.Node(), p.service.Node()
	lease, err := p.take(a, name, long)
	if err != nil {
		return err
	}
	waits := []*waiting{p.wait(a, name), p.wait(b, name), p.wait(b, name), p.wait(c, name)}
	if err = p.release(lease); err == nil {
		_, err = p.take(a, name, long)
	}
	errs := []error{err}
	for i, w := range waits {
		if !w.ended(p.h.Patience / 2) {
			errs = append(errs, fmt.Errorf("waiter %d did not hear of the release", i))
		} else if w.err != nil {
			errs = append(errs, fmt.Errorf("waiter %d: %w", i, w.err))
		}
		_ = w.end()
	}
	return errors.Join(errs...)
}

func checkWaitDead(p *probe) error {
	if _, err := p.take(p.service.Node(), name, 2*p.h.TTL); err != nil {
		return err
	}
	w := p.wait(p.service.Node(), name)
	defer func() { _ = w.end() }()
	if !w.ended(2*p.h.TTL + p.h.Patience/2) {
		return errors.New("a wait waits for a dead holder")
	}
	return w.err
}

func checkWaitHeld(p *probe) error {
	lease, err := p.take(p.service.Node(), name, 2*p.h.TTL)
	if err != nil {
		return err
	}
	w := p.wait(p.service.Node(), name)
	defer func() { _ = w.end() }()
	if err := p.renew(lease, long); err != nil {
		return err
	}
	if w.ended(3 * p.h.TTL) {
		return fmt.Errorf("a wait returns %v while the lock is held", w.err)
	}
	return nil
}

func checkWaitTries(p *probe) error {
	if _, err := p.take(p.service.Node(), name, 2*p.h.TTL); err != nil {
		return err
	}
	w := p.wait(p.service.Node(), name)
	defer func() { _ = w.end() }()
	if err := p.wantHeld(p.service.Node(), name); err != nil {
		return err
	}
	if !w.ended(2*p.h.TTL + p.h.Patience/2) {
		return errors.New("a wait waits for somebody who tried in vain")
	}
	return w.err
}

func checkWaitOwn(p *probe) error {
	lost, err := p.take(p.service.Node(), name, p.h.TTL)
	if err == nil {
		err = p.wantFree(p.service.Node(), name, p.h.TTL)
	}
	if err != nil {
		return err
	}
	w := p.wait(p.service.Node(), name)
	defer func() { _ = w.end() }()
	if err := p.release(lost); err != nil {
		return err
	}
	if w.ended(p.h.TTL) {
		return fmt.Errorf("a wait returns %v for a lease that had ended, while the lock is held", w.err)
	}
	return nil
}

func checkWaitContext(p *probe) error {
	l := p.service.Node()
	if _, err := p.take(l, name, long); err != nil {
		return err
	}
	ctx, cancel := p.within(p.h.TTL / 2)
	defer cancel()
	start := time.Now()
	err := p.bounded(func() error { return l.Wait(ctx, name) })
	if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took > p.h.TTL/2+p.h.Patience/4 {
		return fmt.Errorf("a passed deadline gives %v after %v", err, took)
	}
	return nil
}
