// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package shield

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// Inside returns b for plugins to wrap: what they put around the subscriber is called
// by b, perhaps on a goroutine of b's own, where the shield around all does not reach.
// A panic there ends the subscription, as what was delivered may be lost. Without
// plugins it returns b. events may be nil.
func Inside(b core.Backplane, plugins []string, events *core.Events) core.Backplane {
	if len(plugins) == 0 {
		return b
	}
	return &inside{Backplane: b, guard: newGuard(plugins, events)}
}

type inside struct {
	core.Backplane
	guard
}

// Unwrap lets the abilities of the backplane be found.
func (i *inside) Unwrap() core.Backplane { return i.Backplane }

func (i *inside) Subscribe(ctx context.Context, to core.Subscriber) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &subscriber{to: to, guard: &i.guard, end: cancel}
	var err error
	if keys, ok := to.(core.KeySubscriber); ok {
		err = i.Backplane.Subscribe(ctx, &keySubscriber{s, keys})
	} else {
		err = i.Backplane.Subscribe(ctx, s)
	}
	if s.failed != nil {
		return s.failed
	}
	return err
}

// subscriber hands on what b delivers, until that panics.
type subscriber struct {
	to     core.Subscriber
	guard  *guard
	end    context.CancelCauseFunc
	failed error // belongs to the goroutine that delivers, and then to Subscribe
}

// deliver calls the subscriber unless it has panicked.
func (s *subscriber) deliver(call func()) {
	if s.failed != nil {
		return
	}
	defer func() {
		if s.failed != nil {
			s.end(s.failed)
		}
	}()
	defer s.guard.catch(&s.failed)
	call()
}

func (s *subscriber) Joined(gapless bool) { s.deliver(func() { s.to.Joined(gapless) }) }
func (s *subscriber) Message(msg []byte)  { s.deliver(func() { s.to.Message(msg) }) }

// keySubscriber is a subscriber that hears of keys.
type keySubscriber struct {
	*subscriber
	keys core.KeySubscriber
}

func (s *keySubscriber) Changed(key string) { s.deliver(func() { s.keys.Changed(key) }) }
