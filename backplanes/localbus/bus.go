// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localbus

import (
	"errors"
	"sync"
)

// Errors that the methods of a [Channel] wrap.
var (
	// ErrClosed says that the bus is closed.
	ErrClosed = errors.New("bus is closed")

	// ErrDisconnected says that the node was cut off with Disconnect.
	ErrDisconnected = errors.New("disconnected from the bus")

	// ErrTooLarge says that a message is larger than Options.MaxMessage.
	ErrTooLarge = errors.New("message too large")
)

// Bus carries messages between the channels taken from it. It is safe for many
// goroutines at once.
type Bus struct {
	opts   Options
	closed chan struct{}

	mu       sync.RWMutex // publishers share it
	isClosed bool
	queues   map[string]map[*queue]struct{} // by the channel's name
}

// NewBus returns a bus without subscribers. A nil opts means all defaults. The
// error names every option that is wrong.
func NewBus(opts *Options) (*Bus, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Bus{opts: o, closed: make(chan struct{}), queues: make(map[string]map[*queue]struct{})}, nil
}

// Channel returns a further node on the channel called name. Nodes on one
// channel hear each other, and themselves; those on different channels do not.
func (b *Bus) Channel(name string) *Channel { return &Channel{bus: b, name: name} }

// Close ends all subscriptions with [ErrClosed]; every later call on a channel
// returns that error. It does not wait for subscribers. It may be called more
// than once and always returns nil.
func (b *Bus) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.isClosed {
		b.isClosed = true
		close(b.closed)
	}
	return nil
}

func (b *Bus) add(q *queue) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.usable(q.node); err != nil {
		return err
	}
	name := q.node.name
	if b.queues[name] == nil {
		b.queues[name] = make(map[*queue]struct{})
	}
	b.queues[name][q] = struct{}{}
	return nil
}

func (b *Bus) remove(q *queue) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := q.node.name
	delete(b.queues[name], q)
	if len(b.queues[name]) == 0 {
		delete(b.queues, name)
	}
}

// send puts msg, which nobody changes any more, into the queues of all
// subscribers that node can reach.
func (b *Bus) send(node *Channel, msg []byte) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if err := b.usable(node); err != nil {
		return err
	}
	for q := range b.queues[node.name] {
		if !q.node.cut {
			q.offer(msg)
		}
	}
	return nil
}

// setCut cuts node off or connects it again; then its subscribers are told that
// they may have missed something.
func (b *Bus) setCut(node *Channel, cut bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if node.cut == cut {
		return
	}
	node.cut = cut
	for q := range b.queues[node.name] {
		if q.node == node && !cut {
			q.lose()
		}
	}
}

// usable reports why node can reach nobody. The caller holds the lock.
func (b *Bus) usable(node *Channel) error {
	switch {
	case b.isClosed:
		return ErrClosed
	case node.cut:
		return ErrDisconnected
	}
	return nil
}
