// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package cachetest

import (
	"bytes"
	"context"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// Bus is a [core.Backplane] in memory. Publish returns when all have heard the
// message. It fails and is slow on command; a message that fails reaches nobody.
// Safe for concurrent use.
type Bus struct {
	script

	list        sync.Mutex
	subscribers map[*subscriber]struct{}
}

type subscriber struct {
	mu sync.Mutex // held while it is called
	core.Subscriber
}

var _ core.Backplane = (*Bus)(nil)

// NewBus returns a bus without subscribers. All nodes that are to hear each other
// get the same one.
func NewBus() *Bus { return &Bus{subscribers: make(map[*subscriber]struct{})} }

// Publish implements [core.Backplane].
func (b *Bus) Publish(ctx context.Context, msg []byte) error {
	if err := b.play(ctx); err != nil {
		return err
	}
	b.list.Lock()
	all := make([]*subscriber, 0, len(b.subscribers))
	for s := range b.subscribers {
		all = append(all, s)
	}
	b.list.Unlock()
	for _, s := range all {
		s.mu.Lock()
		s.Message(bytes.Clone(msg))
		s.mu.Unlock()
	}
	return nil
}

// Subscribe implements [core.Backplane].
func (b *Bus) Subscribe(ctx context.Context, to core.Subscriber) error {
	s := &subscriber{Subscriber: to}
	s.mu.Lock()
	b.list.Lock()
	b.subscribers[s] = struct{}{}
	b.list.Unlock()
	s.Joined(false)
	s.mu.Unlock()
	<-ctx.Done()
	b.list.Lock()
	delete(b.subscribers, s)
	b.list.Unlock()
	s.mu.Lock() // no call is under way any more
	defer s.mu.Unlock()
	return ctx.Err()
}
