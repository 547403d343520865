// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Locker returns a locker that does what l does, as far as the plan lets it: see Fail,
// FailAfter, Hang and Delay in [Faults], which its leases meet, too. A lock whose
// TryLock meets FailAfter is taken, and nobody knows until it ends.
func Locker(l core.Locker, plan *Plan) core.Locker { return &locker{l, plan} }

type locker struct {
	inner core.Locker
	plan  *Plan
}

func (w *locker) TryLock(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
	var got core.Lease
	_, err := w.plan.roll(lockCall).carryOut(ctx, "lock", name, func() (err error) {
		got, err = w.inner.TryLock(ctx, name, ttl)
		return err
	})
	if err != nil || got == nil {
		return nil, err
	}
	return &lease{got, name, w.plan}, nil
}

func (w *locker) Wait(ctx context.Context, name string) error {
	_, err := w.plan.roll(lockCall).carryOut(ctx, "wait for", name, func() error { return w.inner.Wait(ctx, name) })
	return err
}

type lease struct {
	core.Lease
	name string
	plan *Plan
}

func (l *lease) Renew(ctx context.Context, ttl time.Duration) error {
	_, err := l.plan.roll(lockCall).carryOut(ctx, "renew", l.name, func() error { return l.Lease.Renew(ctx, ttl) })
	return err
}

func (l *lease) Release(ctx context.Context) error {
	_, err := l.plan.roll(lockCall).carryOut(ctx, "release", l.name, func() error { return l.Lease.Release(ctx) })
	return err
}
