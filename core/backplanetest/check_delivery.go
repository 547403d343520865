// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func checkJoinedFirst(p *probe) error {
	sub, other, err := p.pair()
	if err != nil {
		return err
	}
	for range 3 {
		if err := p.deliver(other, p.next("joined"), sub); err != nil {
			return err
		}
	}
	p.pause(p.h.Quiet)
	known := sub.look()
	switch {
	case known.early:
		return errors.New("a message came before Joined")
	case known.joins[0]:
		return errors.New("the first call was Joined(true)")
	case len(known.joins) != 1:
		return fmt.Errorf("%d calls of Joined though nothing was lost", len(known.joins))
	}
	return nil
}

func checkJoinedIsActive(p *probe) error {
	node, other := p.channel.Node(), p.channel.Node()
	for range 20 {
		sub := p.subscribe(node)
		if err := sub.waitJoined(1); err != nil {
			return err
		}
		if err := p.deliver(other, p.next("active"), sub); err != nil {
			return err
		}
		sub.cancel()
		if err := sub.waitEnd(p.h.Patience); err != nil {
			return err
		}
	}
	return nil
}

func checkReachesAll(p *probe) error {
	var subs []*subscription
	for range 3 {
		sub, err := p.join(p.channel.Node())
		if err != nil {
			return err
		}
		subs = append(subs, sub)
	}
	return p.deliver(p.channel.Node(), p.next("all"), subs...)
}

func checkReachesOwn(p *probe) error {
	node := p.channel.Node()
	sub, err := p.join(node)
	if err != nil {
		return err
	}
	return p.deliver(node, p.next("own"), sub)
}

func checkTwoSubscriptions(p *probe) error {
	node, other := p.channel.Node(), p.channel.Node()
	first, err := p.join(node)
	if err != nil {
		return err
	}
	second, err := p.join(node)
	if err != nil {
		return err
	}
	if err := p.deliver(other, p.next("both"), first, second); err != nil {
		return err
	}
	first.cancel()
	if err := first.waitEnd(p.h.Patience); err != nil {
		return err
	}
	return p.deliver(other, p.next("second"), second)
}

func checkByteExact(p *probe) error {
	sub, other, err := p.pair()
	if err != nil {
		return err
	}
	var every strings.Builder
	for i := range 256 {
		every.WriteByte(byte(i))
	}
	for _, msg := range []string{
		"\x00", "x", "\xff", "\r\n", "\x00\x00", " ", "PING", "+OK\r\n", "not \xff\xfe UTF-8",
		every.String(), strings.Repeat("\x00", 1000), noise(4 << 10),
	} {
		if err := p.deliver(other, msg, sub); err != nil {
			return err
		}
	}
	return nil
}

func checkLargeMessage(p *probe) error {
	sub, other, err := p.pair()
	if err != nil {
		return err
	}
	return p.deliver(other, noise(p.h.MaxMessage), sub)
}

func checkOversize(p *probe) error {
	sub, other, err := p.pair()
	if err != nil {
		return err
	}
	if p.publish(other, noise(p.h.Oversize)) == nil {
		return fmt.Errorf("publish of %d bytes succeeds", p.h.Oversize)
	}
	if err := p.deliver(other, p.next("after"), sub); err != nil {
		return fmt.Errorf("after a refused message: %w", err)
	}
	return nil
}

func checkCopiesIn(p *probe) error {
	sub, other, err := p.pair()
	if err != nil {
		return err
	}
	buf := make([]byte, 64)
	for i := range 10 {
		want := fmt.Sprintf("%064d", i)
		copy(buf, want)
		if err := other.Publish(p.ctx, buf); err != nil {
			return err
		}
		clear(buf)
		if err := sub.waitMessage(want); err != nil {
			return err
		}
	}
	return nil
}

func checkStableInCall(p *probe) error {
	sub, other, err := p.pair()
	if err != nil {
		return err
	}
	sub.setLinger(2 * time.Millisecond)
	if err := p.burst(other, sub, "stable"); err != nil {
		return err
	}
	if sub.look().unstable {
		return errors.New("a message changed while Message had it")
	}
	return nil
}

func checkOneAtATime(p *probe) error {
	sub, other, err := p.pair()
	if err != nil {
		return err
	}
	sub.setLinger(2 * time.Millisecond)
	if err := p.burst(other, sub, "alone"); err != nil {
		return err
	}
	if sub.look().overlap {
		return errors.New("two calls to one subscriber at once")
	}
	return nil
}

// burst publishes a few messages without waiting and then waits for them all.
func (p *probe) burst(from core.Backplane, sub *subscription, what string) error {
	var sent []string
	for range 30 {
		sent = append(sent, p.next(what))
		if err := p.publish(from, sent[len(sent)-1]); err != nil {
			return err
		}
	}
	for _, msg := range sent {
		if err := sub.waitMessage(msg); err != nil {
			return err
		}
	}
	return nil
}

// checkOnceEach lets every publisher wait for its message before the next, so
// that no queue overflows.
func checkOnceEach(p *probe) error {
	const publishers, each = 8, 25
	sub, first, err := p.pair()
	if err != nil {
		return err
	}
	nodes := []core.Backplane{first, p.channel.Node()}
	errs := make([]error, publishers)
	var all sync.WaitGroup
	for w := range publishers {
		all.Go(func() {
			for i := range each {
				if errs[w] = p.deliver(nodes[w%2], fmt.Sprintf("%d of publisher %d", i, w), sub); errs[w] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	p.pause(p.h.Quiet)
	if known := sub.look(); len(known.messages) > publishers*each {
		errs = append(errs, fmt.Errorf("%d messages arrived, %d were published", len(known.messages), publishers*each))
	}
	return errors.Join(errs...)
}

func checkNoSubscribers(p *probe) error {
	return p.publish(p.channel.Node(), p.next("unheard"))
}

func checkPublishDoneContext(p *probe) error {
	_, other, err := p.pair()
	if err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(p.ctx)
	cancel()
	late, cancelLate := context.WithDeadline(p.ctx, time.Now().Add(-time.Second))
	defer cancelLate()
	var errs []error
	for _, ctx := range []context.Context{cancelled, late} {
		if err := other.Publish(ctx, []byte("too late")); !errors.Is(err, ctx.Err()) {
			errs = append(errs, fmt.Errorf("publish: error %v does not wrap %q", err, ctx.Err()))
		}
	}
	return errors.Join(errs...)
}

func checkOtherChannel(p *probe) error {
	here, node, err := p.pair()
	if err != nil {
		return err
	}
	there, err := p.join(p.h.New(p.tb).Node())
	if err != nil {
		return err
	}
	msg := p.next("here")
	if err := p.deliver(node, msg, here); err != nil {
		return err
	}
	p.pause(p.h.Quiet)
	if there.has(msg) {
		return errors.New("a message arrived on another channel")
	}
	return nil
}

// noise returns n bytes that neither compress nor repeat, the same every time.
func noise(n int) string {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data) // never fails
	return string(data)
}
