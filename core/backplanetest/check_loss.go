// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/fusioncache-go/fusioncache/core"
)

// checkSlowSubscriber publishes more than any queue holds while one subscriber
// takes nothing, at the pace of another that takes everything.
func checkSlowSubscriber(p *probe) error {
	slow, other, err := p.pair()
	if err != nil {
		return err
	}
	quick, err := p.join(p.channel.Node())
	if err != nil {
		return err
	}
	release, err := p.blocked(slow, other)
	if err != nil {
		return err
	}
	defer release()
	for range max(200, p.h.Overflow) {
		if err := p.deliver(other, p.next("pace"), quick); err != nil {
			return fmt.Errorf("while another subscriber takes nothing: %w", err)
		}
	}
	return nil
}

// blocked makes sub stay in its next Message until release is called.
func (p *probe) blocked(sub *subscription, from core.Backplane) (release func(), err error) {
	release = sub.block()
	if err := p.deliver(from, p.next("block"), sub); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

func checkOverflow(p *probe) error {
	slow, other, err := p.pair()
	if err != nil {
		return err
	}
	release, err := p.blocked(slow, other)
	if err != nil {
		return err
	}
	defer release()
	for range p.h.Overflow {
		if p.publish(other, p.next("flood")) != nil {
			return nil // refused, not dropped; law SlowSubscriber is against it
		}
	}
	release()
	sub, err := p.rejoined(slow, 1, false)
	if err != nil {
		return err
	}
	if known := slow.look(); len(known.messages) >= p.h.Overflow {
		return fmt.Errorf("all %d messages arrived: Harness.Overflow is too small", len(known.messages))
	}
	return p.deliver(other, p.next("after"), sub)
}

// rejoined waits until sub, which had been told Joined so many times, reports a
// gap or ends, and returns a subscription that is joined again.
func (p *probe) rejoined(sub *subscription, had int, gapless bool) (*subscription, error) {
	err := sub.waitJoined(had + 1)
	if sub.hasEnded() {
		return p.resubscribe(sub)
	}
	if err != nil {
		return nil, err
	}
	known := sub.look()
	if !gapless && !slices.Contains(known.joins[had:], false) {
		return nil, errors.New("a Joined(true) after messages may have been lost")
	}
	p.pause(p.h.Quiet / 4) // as join does
	return sub, nil
}

// resubscribe replaces a subscription that was lost.
func (p *probe) resubscribe(lost *subscription) (sub *subscription, err error) {
	if lost.err == nil {
		return nil, errors.New("subscribe returned nil for a subscription that was lost")
	}
	if isPanic(lost.err) {
		return nil, lost.err
	}
	err = p.retry("subscribing again", func() error {
		sub, err = p.join(lost.node)
		return err
	})
	return sub, err
}

// recovered expects that messages arrive again at sub. A publisher may need some
// attempts until it is connected again, and so may a subscriber.
func (p *probe) recovered(from core.Backplane, sub *subscription) error {
	var msg string
	if err := p.retry("publishing again", func() error {
		msg = p.next("recovered")
		return p.publish(from, msg)
	}); err != nil {
		return err
	}
	return sub.waitMessage(msg)
}

// checkCut accepts Joined(true) only where the backplane declares that it can
// tell, and then nothing that was published may be missing.
func checkCut(p *probe) error {
	if p.channel.Cut == nil {
		return fmt.Errorf("no Cut: %w", errMissingPart)
	}
	sub, other, err := p.pair()
	if err != nil {
		return err
	}
	var accepted []string
	publish := func() {
		if msg := p.next("cut"); p.publish(other, msg) == nil {
			accepted = append(accepted, msg)
		}
	}
	publish()
	repair := p.channel.Cut()
	publish()
	p.pause(p.h.Quiet)
	repair()
	publish()
	again, err := p.rejoined(sub, 1, p.h.Features.Gapless)
	if err != nil {
		return err
	}
	if err := p.recovered(other, again); err != nil {
		return err
	}
	return again.claimsHold(accepted, again == sub)
}

// claimsHold expects all messages if sub was told of repairs without a gap only.
func (s *subscription) claimsHold(accepted []string, same bool) error {
	known := s.look()
	if !same || slices.Contains(known.joins[1:], false) {
		return nil
	}
	for _, msg := range accepted {
		if err := s.waitMessage(msg); err != nil {
			return fmt.Errorf("after Joined(true): %w", err)
		}
	}
	return nil
}

func checkPublishWhileCut(p *probe) error {
	if p.channel.Cut == nil {
		return fmt.Errorf("no Cut: %w", errMissingPart)
	}
	sub, other, err := p.pair()
	if err != nil {
		return err
	}
	repair := p.channel.Cut()
	refused, err := p.publishInVain(other)
	repair()
	if err != nil {
		return err
	}
	// Not about how the cut is reported: the subscription stays or is replaced.
	p.pause(p.h.Quiet)
	if sub.hasEnded() {
		if sub, err = p.resubscribe(sub); err != nil {
			return err
		}
	}
	return p.wantNever(other, sub, refused)
}

// publishInVain publishes until the cut is noticed, then a few times more, and
// returns what was refused.
func (p *probe) publishInVain(from core.Backplane) (refused []string, err error) {
	err = p.retry("Publish fails while cut", func() error {
		msg := p.next("refused")
		if p.publish(from, msg) == nil {
			return errors.New("publish succeeds")
		}
		refused = append(refused, msg)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for range 3 {
		msg := p.next("refused")
		if p.publish(from, msg) == nil {
			return nil, errors.New("publish succeeds again while the transport is still broken")
		}
		refused = append(refused, msg)
	}
	return refused, nil
}

func (p *probe) wantNever(from core.Backplane, sub *subscription, refused []string) error {
	if err := p.retry("a message arrives again", func() error {
		msg := p.next("recovered")
		if err := p.publish(from, msg); err != nil {
			return err
		}
		p.pause(p.h.Quiet / 4)
		if !sub.has(msg) {
			return errors.New("it was lost")
		}
		return nil
	}); err != nil {
		return err
	}
	p.pause(p.h.Quiet)
	for _, msg := range refused {
		if sub.has(msg) {
			return fmt.Errorf("message %q was refused while cut and arrived later", msg)
		}
	}
	return nil
}

func checkStall(p *probe) error {
	if p.channel.Stall == nil {
		return fmt.Errorf("no Stall: %w", errMissingPart)
	}
	sub, other, err := p.pair()
	if err != nil {
		return err
	}
	resume := p.channel.Stall()
	noticed := sub.waitEnd(p.h.Patience) == nil
	resume()
	again, err := p.rejoined(sub, 1, p.h.Features.Gapless)
	if err != nil {
		return fmt.Errorf("a stall of up to %v (Subscribe returned meanwhile: %v): %w", p.h.Patience, noticed, err)
	}
	return p.recovered(other, again)
}
