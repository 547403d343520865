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

var errMissingPart = errors.New("the harness has no such part and does not declare that")

func checkDown(p *probe) error {
	if p.service.Cut == nil {
		return fmt.Errorf("cut: %w", errMissingPart)
	}
	l := p.service.Node()
	if _, err := p.take(l, name, long); err != nil {
		return err
	}
	defer p.service.Cut()()
	return errors.Join(p.refuses("TryLock", func(ctx context.Context) error {
		_, err := l.TryLock(ctx, name, long)
		return err
	}), p.refuses("Wait", func(ctx context.Context) error { return l.Wait(ctx, name) }))
}

// refuses expects call to fail within its deadline.
func (p *probe) refuses(method string, call func(context.Context) error) error {
	return p.refusesWithin(p.h.Patience/5, method, call)
}

// refusesWithin expects call to fail within a deadline of limit.
func (p *probe) refusesWithin(limit time.Duration, method string, call func(context.Context) error) error {
	ctx, cancel := p.within(limit)
	defer cancel()
	start := time.Now()
	err := p.bounded(func() error { return call(ctx) })
	switch took := time.Since(start); {
	case err == nil:
		return fmt.Errorf("%s succeeds", method)
	case errors.As(err, new(*lawtest.Panic)):
		return err
	case took > 2*limit:
		return fmt.Errorf("%s takes %v, its deadline was %v", method, took, limit)
	}
	return nil
}

// checkHang goes on for so long that a client gives its connection up and makes
// another, which hangs, too.
func checkHang(p *probe) error {
	if p.service.Hang == nil {
		return fmt.Errorf("hang: %w", errMissingPart)
	}
	l, limit := p.service.Node(), p.h.Patience/40
	lease, err := p.take(l, name, long)
	if err != nil {
		return err
	}
	defer p.service.Hang()()
	calls := map[string]func(context.Context) error{
		"TryLock": func(ctx context.Context) error { _, err := l.TryLock(ctx, name, long); return err },
		"Wait":    func(ctx context.Context) error { return l.Wait(ctx, name) },
		"Renew":   func(ctx context.Context) error { return lease.Renew(ctx, long) },
		"Release": lease.Release,
	}
	for end := time.Now().Add(p.h.Patience / 2); time.Now().Before(end) && err == nil; {
		for method, call := range calls {
			err = errors.Join(err, p.refusesWithin(limit, method, call))
		}
		p.pause(limit / 10)
	}
	return err
}

func checkReturns(p *probe) error {
	if p.service.Cut == nil {
		return fmt.Errorf("cut: %w", errMissingPart)
	}
	a, b := p.service.Node(), p.service.Node()
	first, err := p.take(a, name, long)
	if err != nil {
		return err
	}
	before := p.wait(b, name) // so that there is something to repair
	p.service.Cut()()
	defer func() { _ = before.end() }()
	if err := p.again(func() error { return p.release(first) }); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	var second core.Lease
	if err := p.again(func() (err error) { second, err = p.take(a, name, long); return err }); err != nil {
		return fmt.Errorf("take: %w", err)
	}
	return p.again(func() error {
		w := p.wait(b, name)
		err := p.release(second)
		if err == nil && !w.ended(p.h.Patience/5) {
			err = errors.New("a wait does not hear of the release")
		}
		return errors.Join(err, w.end())
	})
}

// again calls f until it succeeds, for as long as patience lasts.
func (p *probe) again(f func() error) error {
	end := time.Now().Add(p.h.Patience)
	for {
		err := f()
		if err == nil || time.Now().After(end) {
			return err
		}
		p.pause(p.h.TTL / 10)
	}
}

func checkAfterClose(p *probe) error {
	if p.service.Closed == nil {
		return fmt.Errorf("closed: %w", errMissingPart)
	}
	l := p.service.Closed()
	return errors.Join(p.refuses("TryLock", func(ctx context.Context) error {
		_, err := l.TryLock(ctx, name, long)
		return err
	}), p.refuses("Wait", func(ctx context.Context) error { return l.Wait(ctx, name) }))
}
