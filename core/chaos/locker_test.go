// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/locallock"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/chaos"
	"github.com/fusioncache-go/fusioncache/core/locktest"
)

func TestConformance_Locker(t *testing.T) {
	locktest.Run(t, locktest.Harness{
		New: func(testing.TB) locktest.Service {
			locks, plan := locallock.New(), chaos.NewPlan(1)
			return locktest.Service{
				Node: func() core.Locker { return chaos.Locker(locks, plan) },
				Closed: func() core.Locker {
					closed := locallock.New()
					_ = closed.Close()
					return chaos.Locker(closed, plan)
				},
			}
		},
		Bubble:   true,
		Features: locktest.Features{NoCut: true},
	})
}

func TestLocker_EveryCallFails(t *testing.T) {
	plan := chaos.NewPlan(1)
	locks, ctx := chaos.Locker(locallock.New(), plan), t.Context()
	lease, err := locks.TryLock(ctx, "a", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	use(t, plan, chaos.Faults{Fail: 1})
	other, err := locks.TryLock(ctx, "b", time.Minute)
	if other != nil {
		t.Error("a lease beside an error")
	}
	for call, err := range map[string]error{
		"lock": err, "wait": locks.Wait(ctx, "c"), "renew": lease.Renew(ctx, time.Minute), "release": lease.Release(ctx),
	} {
		if !errors.Is(err, chaos.ErrInjected) {
			t.Errorf("%s: got %v", call, err)
		}
	}
	plan.Calm()
	if again, err := locks.TryLock(ctx, "a", time.Minute); again != nil || err != nil {
		t.Errorf("released all the same: %v, %v", again, err)
	}
}

func TestLocker_FailAfterTakesTheLockAndHangWaitsForTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := chaos.NewPlan(1)
		locks := chaos.Locker(locallock.New(), plan)
		use(t, plan, chaos.Faults{FailAfter: 1})
		if lease, err := locks.TryLock(t.Context(), "a", time.Minute); lease != nil || !errors.Is(err, chaos.ErrInjected) {
			t.Errorf("got %v, %v", lease, err)
		}
		plan.Calm()
		if lease, err := locks.TryLock(t.Context(), "a", time.Minute); lease != nil || err != nil {
			t.Errorf("the lock is free: %v, %v", lease, err)
		}
		time.Sleep(2 * time.Minute)
		if lease, err := locks.TryLock(t.Context(), "a", time.Minute); lease == nil || err != nil {
			t.Errorf("the lock is held for ever: %v, %v", lease, err)
		}
		use(t, plan, chaos.Faults{Hang: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if lease, err := locks.TryLock(ctx, "b", time.Minute); lease != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, %v", lease, err)
		}
	})
}
