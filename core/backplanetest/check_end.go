// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// prompt is how soon Subscribe must return once its context has ended.
const prompt = time.Second

func checkEndsOnContext(p *probe) error {
	node := p.channel.Node()
	cancelled, cancel := context.WithCancel(p.ctx)
	sub := p.subscribeUntil(cancelled, cancel, node)
	if err := sub.waitJoined(1); err != nil {
		return err
	}
	cancel()
	if err := sub.wantEnd(context.Canceled); err != nil {
		return err
	}
	timed, cancel := context.WithTimeout(p.ctx, p.h.Quiet)
	defer cancel()
	sub = p.subscribeUntil(timed, cancel, node)
	<-timed.Done()
	if err := sub.wantEnd(context.DeadlineExceeded); err != nil {
		return err
	}
	if err := p.subscribeUntil(cancelled, func() {}, node).wantEnd(context.Canceled); err != nil {
		return fmt.Errorf("with a context that is done already: %w", err)
	}
	return nil
}

func (s *subscription) wantEnd(want error) error {
	if err := s.waitEnd(prompt); err != nil {
		return err
	}
	if !errors.Is(s.err, want) {
		return fmt.Errorf("subscribe returned %v, which does not wrap %q", s.err, want)
	}
	return nil
}

// checkNothingAfterReturn ends subscriptions while messages flow and a call may
// be under way. Another subscription shows that they do flow.
func checkNothingAfterReturn(p *probe) error {
	witness, other, err := p.pair()
	if err != nil {
		return err
	}
	node := p.channel.Node()
	for range 10 {
		sub, err := p.join(node)
		if err != nil {
			return err
		}
		sub.setLinger(time.Millisecond)
		for i := range 10 {
			if i == 5 {
				sub.cancel()
			}
			if err := p.deliver(other, p.next("flow"), witness); err != nil {
				return err
			}
		}
		if err := sub.waitEnd(p.h.Patience); err != nil {
			return err
		}
		if err := p.deliver(other, p.next("later"), witness); err != nil {
			return err
		}
	}
	p.pause(p.h.Quiet)
	for _, sub := range p.subs[1:] {
		if sub.look().late {
			return errors.New("a call was under way or came after Subscribe had returned")
		}
	}
	return nil
}

// checkNoGoroutineLeft allows a few goroutines that come and go with others'
// work, and none per subscription.
func checkNoGoroutineLeft(p *probe) error {
	const cycles = 20
	node := p.channel.Node()
	cycle := func() error {
		sub := p.subscribe(node)
		if err := sub.waitJoined(1); err != nil {
			return err
		}
		sub.cancel()
		return sub.waitEnd(p.h.Patience)
	}
	if err := cycle(); err != nil { // a client may start its own on first use
		return err
	}
	p.pause(p.h.Quiet)
	before := runtime.NumGoroutine()
	for range cycles {
		if err := cycle(); err != nil {
			return err
		}
	}
	return p.retry("goroutines end", func() error {
		if left := runtime.NumGoroutine() - before; left >= cycles/2 {
			return fmt.Errorf("%d goroutines are left of %d subscriptions", left, cycles)
		}
		return nil
	})
}
