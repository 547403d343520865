// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locktest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// name is the lock that most laws are about.
const name = "lock of k"

// long is a ttl that no law waits for.
const long = time.Minute

// probe is one run of one law.
type probe struct {
	ctx     context.Context
	h       Harness
	service Service
}

func (p *probe) within(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, d)
}

// try is TryLock with the patience of the suite.
func (p *probe) try(l core.Locker, name string, ttl time.Duration) (core.Lease, error) {
	ctx, cancel := p.within(p.h.Patience)
	defer cancel()
	return l.TryLock(ctx, name, ttl)
}

// take is try for a lock that must be free.
func (p *probe) take(l core.Locker, name string, ttl time.Duration) (core.Lease, error) {
	lease, err := p.try(l, name, ttl)
	if err == nil && lease == nil {
		err = errors.New("the lock is said to be held, and is not")
	}
	return lease, err
}

// wantHeld expects the lock to be held by somebody.
func (p *probe) wantHeld(l core.Locker, name string) error {
	lease, err := p.try(l, name, long)
	if err == nil && lease != nil {
		err = errors.New("a lock that is held was taken")
	}
	return err
}

// rounding is by how much a lease may last longer than asked for, by contract.
const rounding = time.Second

// wantFree waits until the lock can be taken, in d or what a lease of d may take.
func (p *probe) wantFree(l core.Locker, name string, d time.Duration) error {
	_, err := p.await(l, name, d, long)
	return err
}

// await takes the lock for ttl as soon as a lease that has d left has ended. Besides
// what is rounded up, a server may clear away what has ended in rounds of its own.
func (p *probe) await(l core.Locker, name string, d, ttl time.Duration) (core.Lease, error) {
	end := time.Now().Add(d + rounding + p.h.Patience/5)
	for {
		late := time.Now().After(end)
		lease, err := p.try(l, name, ttl)
		if err != nil || lease != nil {
			return lease, err
		}
		if late {
			return nil, fmt.Errorf("the lock is still held after %v", d)
		}
		p.pause(p.h.TTL / 20)
	}
}

func (p *probe) renew(l core.Lease, ttl time.Duration) error {
	ctx, cancel := p.within(p.h.Patience)
	defer cancel()
	return l.Renew(ctx, ttl)
}

func (p *probe) release(l core.Lease) error {
	ctx, cancel := p.within(p.h.Patience)
	defer cancel()
	return l.Release(ctx)
}

// pause lets time pass.
func (p *probe) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-p.ctx.Done():
	}
}

// waiting is one call of Wait.
type waiting struct {
	done   chan struct{} // closed when it has returned
	cancel context.CancelFunc
	err    error // valid after done

	patience time.Duration
}

// wait calls Wait in a goroutine and gives it a moment to begin.
func (p *probe) wait(l core.Locker, name string) *waiting {
	ctx, cancel := p.within(p.h.Patience)
	w := &waiting{done: make(chan struct{}), cancel: cancel, patience: p.h.Patience}
	go func() {
		defer close(w.done)
		w.err = lawtest.Guard(func() error { return l.Wait(ctx, name) })
	}()
	p.pause(p.h.TTL / 10)
	return w
}

// ended reports whether Wait returns within d.
func (w *waiting) ended(d time.Duration) bool {
	select {
	case <-w.done:
		return true
	case <-time.After(d):
		return false
	}
}

// end cancels Wait and returns what it does, or that it goes on.
func (w *waiting) end() error {
	w.cancel()
	if !w.ended(w.patience) {
		return errEndless
	}
	return w.err
}

var errEndless = errors.New("the call does not end with its context")

// bounded calls f and gives up on it after the patience of the suite.
func (p *probe) bounded(f func() error) error {
	done := make(chan error, 1)
	go func() { done <- lawtest.Guard(f) }()
	select {
	case err := <-done:
		return err
	case <-time.After(p.h.Patience):
		return errEndless
	}
}
