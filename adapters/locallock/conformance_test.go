// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locallock_test

import (
	"testing"

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
