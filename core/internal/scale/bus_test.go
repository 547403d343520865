// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package scale

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

var errDown = errors.New("the bus is down")

// bus is a backplane that counts what it carries, and that can go down: then all
// subscriptions end at once.
type bus struct {
	inner    *localbus.Bus
	beats    meter // heartbeats that were published
	changes  meter // other messages
	attempts meter // to subscribe
	heard    atomic.Int64

	mu   sync.Mutex
	down bool
	cut  context.CancelFunc // ends the subscriptions
	live context.Context
}

func newBus(ctx context.Context, inner *localbus.Bus) *bus {
	b := &bus{inner: inner}
	b.live, b.cut = context.WithCancel(ctx)
	return b
}

// fail ends all subscriptions; from now on nothing works.
func (b *bus) fail() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = true
	b.cut()
}

// heal lets it work again.
func (b *bus) heal(ctx context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = false
	b.live, b.cut = context.WithCancel(ctx)
}

// up returns what lasts as long as the bus works; nil if it does not.
func (b *bus) up() context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return nil
	}
	return b.live
}

// line is one node's connection.
type line struct {
	bus     *bus
	channel *localbus.Channel
	dead    atomic.Bool // nothing gets out any more
}

func (b *bus) line() *line { return &line{bus: b, channel: b.inner.Channel("scale")} }

// Publish implements core.Backplane.
func (l *line) Publish(ctx context.Context, msg []byte) error {
	if l.bus.up() == nil || l.dead.Load() {
		return errDown
	}
	if m, err := wire.ParseMessage(msg); err == nil && m.Kind == wire.MessageHeartbeat {
		l.bus.beats.add()
	} else {
		l.bus.changes.add()
	}
	return l.channel.Publish(ctx, msg)
}

// Subscribe implements core.Backplane.
func (l *line) Subscribe(ctx context.Context, s core.Subscriber) error {
	l.bus.attempts.add()
	up := l.bus.up()
	if up == nil {
		return errDown
	}
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(up, cancel)()
	return l.channel.Subscribe(within, ear{s, &l.bus.heard})
}

// ear counts what a node hears.
type ear struct {
	core.Subscriber
	heard *atomic.Int64
}

// Message implements core.Subscriber.
func (e ear) Message(msg []byte) {
	e.heard.Add(1)
	e.Subscriber.Message(msg)
}
