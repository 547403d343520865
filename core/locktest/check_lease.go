// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locktest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

func checkExclusive(p *probe) error {
	a, b := p.service.Node(), p.service.Node()
	if _, err := p.take(a, name, long); err != nil {
		return err
	}
	return errors.Join(p.wantHeld(a, name), p.wantHeld(b, name))
}

func checkOneWinner(p *probe) error {
	const tries = 16
	nodes := []core.Locker{p.service.Node(), p.service.Node(), p.service.Node()}
	var wg sync.WaitGroup
	leases, errs := make([]core.Lease, tries), make([]error, tries)
	for i := range tries {
		wg.Go(func() {
			errs[i] = lawtest.Guard(func() (err error) {
				leases[i], err = p.try(nodes[i%len(nodes)], name, long)
				return err
			})
		})
	}
	wg.Wait()
	winners := 0
	for _, l := range leases {
		if l != nil {
			winners++
		}
	}
	if winners != 1 {
		errs = append(errs, fmt.Errorf("%d of %d got the lock", winners, tries))
	}
	return errors.Join(errs...)
}

func checkNames(p *probe) error {
	l := p.service.Node()
	long2048 := strings.Repeat("n", 2047)
	for _, name := range []string{
		"a", "A", "a:b", "a%3ab", "a.b", "a*", "a>", "a b", " a", "a\x00", "a\x00b", "a\r\nb", "\xff\xfe", "ä", "{a}", "{a}b",
		"..", "/", long2048 + "1", long2048 + "2",
	} {
		lease, err := p.take(l, name, long)
		if err != nil {
			return fmt.Errorf("name %.60q: %w", name, err)
		}
		if err := p.wantHeld(l, name); err != nil {
			return fmt.Errorf("name %.60q: %w", name, err)
		}
		defer func() { _ = p.release(lease) }()
	}
	return nil
}

func checkReleaseFrees(p *probe) error {
	a, b := p.service.Node(), p.service.Node()
	lease, err := p.take(a, name, long)
	if err == nil {
		err = p.release(lease)
	}
	if err == nil {
		_, err = p.take(b, name, long)
	}
	return err
}

func checkReleaseOwn(p *probe) error {
	a, b := p.service.Node(), p.service.Node()
	first, err := p.take(a, name, p.h.TTL)
	if err == nil {
		err = p.wantFree(b, name, p.h.TTL)
	}
	if err == nil {
		err = p.release(first)
	}
	if err == nil {
		err = p.wantHeld(a, name)
	}
	return err
}

func checkLeaseEnds(p *probe) error {
	if _, err := p.take(p.service.Node(), name, p.h.TTL); err != nil {
		return err
	}
	p.pause(p.h.TTL)
	return p.wantFree(p.service.Node(), name, 0)
}

func checkLeaseLasts(p *probe) error {
	if _, err := p.take(p.service.Node(), name, 3*p.h.TTL); err != nil {
		return err
	}
	p.pause(2 * p.h.TTL)
	return p.wantHeld(p.service.Node(), name)
}

func checkRenewExtends(p *probe) error {
	lease, err := p.take(p.service.Node(), name, p.h.TTL)
	if err == nil {
		err = p.renew(lease, 4*p.h.TTL)
	}
	if err != nil {
		return err
	}
	p.pause(5 * p.h.TTL / 2)
	return p.wantHeld(p.service.Node(), name)
}

func checkRenewEnds(p *probe) error {
	lease, err := p.take(p.service.Node(), name, long)
	if err == nil {
		err = p.renew(lease, p.h.TTL)
	}
	if err == nil {
		err = p.wantFree(p.service.Node(), name, p.h.TTL)
	}
	return err
}

func checkRenewLost(p *probe) error {
	a, b := p.service.Node(), p.service.Node()
	lost, err := p.take(a, name, p.h.TTL)
	if err == nil {
		err = p.wantFree(b, name, p.h.TTL)
	}
	if err != nil {
		return err
	}
	if err = p.renew(lost, long); !errors.Is(err, core.ErrLeaseLost) {
		return fmt.Errorf("a lost lease was renewed: %v", err)
	}
	if err = p.wantHeld(a, name); err != nil {
		return err
	}
	free, err := p.take(a, "another lock", p.h.TTL)
	if err != nil {
		return err
	}
	if err = p.release(free); err != nil {
		return err
	}
	if err = p.renew(free, long); !errors.Is(err, core.ErrLeaseLost) {
		return fmt.Errorf("a released lease was renewed: %v", err)
	}
	return nil
}

func checkFence(p *probe) error {
	a, b := p.service.Node(), p.service.Node()
	var last uint64
	for i := range 10 {
		node, ttl := []core.Locker{a, b}[i%2], long
		if i%4 == 1 {
			ttl = p.h.TTL // this one is not released
		}
		lease, err := p.await(node, name, p.h.TTL, ttl)
		if err != nil {
			return err
		}
		if lease.Fence() <= last {
			return fmt.Errorf("lease %d has the fence %d, the one before %d", i, lease.Fence(), last)
		}
		last = lease.Fence()
		if ttl != long {
			continue
		}
		if err := p.release(lease); err != nil {
			return err
		}
	}
	return nil
}

func checkDoneContext(p *probe) error {
	l := p.service.Node()
	lease, err := p.take(l, "another lock", long)
	if err != nil {
		return err
	}
	done, cancel := context.WithCancel(p.ctx)
	cancel()
	_, tried := l.TryLock(done, name, long)
	renewed := lease.Renew(done, long)
	if !errors.Is(tried, context.Canceled) || !errors.Is(renewed, context.Canceled) {
		return fmt.Errorf("a done context gives %v and %v", tried, renewed)
	}
	return nil
}

func checkBadTTL(p *probe) error {
	l := p.service.Node()
	for _, ttl := range []time.Duration{0, -1} {
		lease, err := p.try(l, name, ttl)
		if err == nil {
			return fmt.Errorf("a ttl of %v is accepted: %v", ttl, lease)
		}
	}
	return nil
}
