// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package shield

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// Backplane is [Distributed] for a backplane. A panic ends a subscription as a loss
// does. What panics on a goroutine that b has started itself cannot be caught.
func Backplane(b core.Backplane, plugins []string, events *core.Events) core.Backplane {
	if len(plugins) == 0 {
		return b
	}
	s := &backplane{inner: b, guard: newGuard(plugins, events)}
	if pinger, ok := core.As[core.Pinger](b); ok {
		return &pinging{s, pinger}
	}
	return s
}

type backplane struct {
	guard
	inner core.Backplane
}

func (s *backplane) Publish(ctx context.Context, msg []byte) (err error) {
	defer s.catch(&err)
	return s.inner.Publish(ctx, msg)
}

func (s *backplane) Subscribe(ctx context.Context, sub core.Subscriber) (err error) {
	defer s.catch(&err)
	return s.inner.Subscribe(ctx, sub)
}

// Outlet returns that of the backplane; none if there is none, or it panics.
func (s *backplane) Outlet() (out core.Outlet) {
	var err error
	defer s.catch(&err)
	if owner, ok := core.As[core.OutletOwner](s.inner); ok {
		return owner.Outlet()
	}
	return core.Outlet{}
}

// pinging is a backplane that can ping.
type pinging struct {
	*backplane
	pinger core.Pinger
}

func (s *pinging) Ping(ctx context.Context) (err error) {
	defer s.catch(&err)
	return s.pinger.Ping(ctx)
}
