// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localbus

import (
	"context"
	"fmt"
	"slices"

	"github.com/fusioncache-go/fusioncache/core"
)

// Channel is a [core.Backplane]: one node's connection to one channel of a
// [Bus]. It is safe for many goroutines at once, needs no closing, and may have
// many subscriptions.
type Channel struct {
	bus  *Bus
	name string
	cut  bool // guarded by bus.mu
}

var (
	_ core.Backplane = (*Channel)(nil)
	_ core.Pinger    = (*Channel)(nil)
)

// Publish puts a copy of msg into the queue of every subscriber and returns. It
// never waits for one.
func (c *Channel) Publish(ctx context.Context, msg []byte) error {
	err := ctx.Err()
	if err == nil && len(msg) > c.bus.opts.MaxMessage {
		err = ErrTooLarge
	}
	if err == nil {
		err = c.bus.send(c, slices.Clone(msg))
	}
	if err != nil {
		return fmt.Errorf("localbus: publish on %q: %w", c.name, err)
	}
	return nil
}

// Subscribe delivers to s, in the calling goroutine, until ctx ends or the bus is
// closed. Messages are delivered in the order in which one publisher sent them.
// After an overflow and after Reconnect it calls Joined(false), as soon as s has
// taken what came before. A node that is disconnected gets [ErrDisconnected].
func (c *Channel) Subscribe(ctx context.Context, s core.Subscriber) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q := newQueue(c, c.bus.opts.Queue)
	if err := c.bus.add(q); err != nil {
		return fmt.Errorf("localbus: subscribe to %q: %w", c.name, err)
	}
	defer c.bus.remove(q)
	s.Joined(false)
	return c.deliver(ctx, q, s)
}

func (c *Channel) deliver(ctx context.Context, q *queue, s core.Subscriber) error {
	var buf []byte // a copy for s alone, so that it cannot harm others
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.bus.closed:
			return fmt.Errorf("localbus: subscription to %q: %w", c.name, ErrClosed)
		case <-q.lost:
		case msg := <-q.messages:
			if err := ctx.Err(); err != nil {
				return err
			}
			buf = append(buf[:0], msg...)
			s.Message(buf)
		}
		if q.takeGap() {
			s.Joined(false)
		}
	}
}

// Ping returns an error if the node is disconnected, the bus closed or ctx done.
func (c *Channel) Ping(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		c.bus.mu.RLock()
		err = c.bus.usable(c)
		c.bus.mu.RUnlock()
	}
	if err != nil {
		return fmt.Errorf("localbus: ping: %w", err)
	}
	return nil
}

// Disconnect cuts the node off, as the loss of a network would: it publishes
// nothing, and its subscribers get no more messages, until Reconnect. Those that
// are queued already are still delivered.
func (c *Channel) Disconnect() { c.bus.setCut(c, true) }

// Reconnect undoes Disconnect. The subscribers of the node are told with
// Joined(false) that they may have missed messages.
func (c *Channel) Reconnect() { c.bus.setCut(c, false) }
