// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locallock_test

import (
	"errors"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/locallock"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/locktest"
)

func harness() locktest.Harness {
	return locktest.Harness{
		New: func(testing.TB) locktest.Service {
			locks := locallock.New()
			return locktest.Service{
				Node: func() core.Locker { return locks },
				Closed: func() core.Locker {
					closed := locallock.New()
					_ = closed.Close()
					return closed
				},
			}
		},
		Bubble:   true,
		Features: locktest.Features{NoCut: true},
	}
}

func TestConformance(t *testing.T) { locktest.Run(t, harness()) }

func TestConformance_RealTime(t *testing.T) {
	h := harness()
	h.Bubble = false
	locktest.Run(t, h)
}

func TestClose_WakesThoseWhoWait(t *testing.T) {
	locks := locallock.New()
	if _, err := locks.TryLock(t.Context(), "k", 1<<40); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- locks.Wait(t.Context(), "k") }()
	if err := locks.Close(); err != nil {
		t.Fatal(err)
	}
	<-ended
}

func TestSeed_ER1_AClosedLockerSaysSo(t *testing.T) {
	locks := locallock.New()
	lease, err := locks.TryLock(t.Context(), "k", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := locks.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = locks.TryLock(t.Context(), "other", time.Minute)
	for call, err := range map[string]error{
		"TryLock": err,
		"Wait":    locks.Wait(t.Context(), "k"),
		"Renew":   lease.Renew(t.Context(), time.Minute),
	} {
		if !errors.Is(err, locallock.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", call, err)
		}
	}
}
