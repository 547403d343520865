// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// probe is one run of one law: a channel, and the subscriptions on it.
type probe struct {
	tb      testing.TB
	ctx     context.Context
	h       Harness
	channel Channel
	subs    []*subscription
	sent    int
}

func newProbe(tb testing.TB, h Harness) *probe {
	tb.Helper()
	return &probe{tb: tb, ctx: tb.Context(), h: h, channel: h.New(tb)}
}

// finish ends all subscriptions of the run.
func (p *probe) finish() error {
	for _, s := range p.subs {
		s.cancel()
	}
	for _, s := range p.subs {
		select {
		case <-s.done:
		case <-time.After(p.h.Patience):
			return fmt.Errorf("subscribe has not returned %v after its context ended", p.h.Patience)
		}
	}
	return nil
}

// subscription is one call of Subscribe.
type subscription struct {
	*recorder
	node     core.Backplane
	patience time.Duration
	cancel   context.CancelFunc
	done     chan struct{} // closed when Subscribe has returned
	err      error         // what it returned; valid after done
}

// subscribe calls Subscribe in a goroutine and does not wait for Joined.
func (p *probe) subscribe(node core.Backplane) *subscription {
	ctx, cancel := context.WithCancel(p.ctx)
	return p.subscribeUntil(ctx, cancel, node)
}

func (p *probe) subscribeUntil(ctx context.Context, cancel context.CancelFunc, node core.Backplane) *subscription {
	s := &subscription{recorder: newRecorder(), node: node, patience: p.h.Patience, cancel: cancel, done: make(chan struct{})}
	p.subs = append(p.subs, s)
	go func() {
		defer close(s.done)
		s.err = lawtest.Guard(func() error { return node.Subscribe(ctx, s.recorder) })
		s.end()
	}()
	return s
}

// join subscribes, waits for Joined and then a little longer, so that only law
// JoinedIsActive depends on how soon after Joined messages arrive.
func (p *probe) join(node core.Backplane) (*subscription, error) {
	s := p.subscribe(node)
	if err := s.waitJoined(1); err != nil {
		return s, err
	}
	p.pause(p.h.Quiet / 4)
	return s, nil
}

// pair returns a joined subscription and another node to publish from.
func (p *probe) pair() (*subscription, core.Backplane, error) {
	s, err := p.join(p.channel.Node())
	return s, p.channel.Node(), err
}

// wait waits until is holds.
func (s *subscription) wait(what string, is func() bool) error {
	deadline := time.After(s.patience)
	for {
		changed := s.next()
		if is() {
			return nil
		}
		select {
		case <-changed:
		case <-s.done:
			if is() {
				return nil
			}
			return fmt.Errorf("%s: Subscribe returned early: %v", what, s.err)
		case <-deadline:
			known := s.look()
			return fmt.Errorf("%s: not within %v; had %d Joined and %d messages", what, s.patience, len(known.joins), len(known.messages))
		}
	}
}

func (s *subscription) waitJoined(n int) error {
	return s.wait(fmt.Sprintf("Joined, time %d", n), func() bool { return len(s.look().joins) >= n })
}

func (s *subscription) waitMessage(msg string) error {
	return s.wait("message "+excerpt(msg), func() bool { return s.has(msg) })
}

// waitEnd waits at most limit for Subscribe to return.
func (s *subscription) waitEnd(limit time.Duration) error {
	select {
	case <-s.done:
		return nil
	case <-time.After(limit):
		return fmt.Errorf("subscribe has not returned after %v", limit)
	}
}

func (s *subscription) hasEnded() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// publish sends msg with a limit on the time it may take.
func (p *probe) publish(node core.Backplane, msg string) error {
	ctx, cancel := context.WithTimeout(p.ctx, p.h.Patience)
	defer cancel()
	if err := node.Publish(ctx, []byte(msg)); err != nil {
		return fmt.Errorf("publish of %s: %w", excerpt(msg), err)
	}
	return nil
}

// deliver publishes msg and waits until every subscription has it.
func (p *probe) deliver(node core.Backplane, msg string, subs ...*subscription) error {
	if err := p.publish(node, msg); err != nil {
		return err
	}
	for _, s := range subs {
		if err := s.waitMessage(msg); err != nil {
			return err
		}
	}
	return nil
}

// next returns a message unlike any other of this run.
func (p *probe) next(what string) string {
	p.sent++
	return fmt.Sprintf("%s %d", what, p.sent)
}

// pause lets time go by. The suite has no other use for it than to be sure that
// something does not happen, and to poll.
func (p *probe) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.ctx.Done():
	}
}

// retry calls try until it succeeds or patience ends.
func (p *probe) retry(what string, try func() error) error {
	end := time.Now().Add(p.h.Patience)
	for {
		err := try()
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: not within %v: %w", what, p.h.Patience, err)
		}
		p.pause(p.h.Quiet / 10)
	}
}

func excerpt(msg string) string {
	if len(msg) <= 32 {
		return fmt.Sprintf("%q", msg)
	}
	return fmt.Sprintf("%q... (%d bytes)", msg[:32], len(msg))
}

var errMissingPart = errors.New("missing in the channel of the harness, and Features does not declare that")
