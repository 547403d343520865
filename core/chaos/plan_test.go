// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/chaos"
)

func TestFaults_ValidateNamesEveryBadField(t *testing.T) {
	err := chaos.Faults{Fail: -1, Hang: math.NaN(), Drop: 0.6, Reorder: 0.6, Duplicate: 2}.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, field := range []string{"Faults.Fail:", "Faults.Hang:", "Faults.Duplicate:", "Faults.Drop:", "Faults.MaxDelay:"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("error does not name %s\n%v", field, err)
		}
	}
	if option, ok := errors.AsType[*core.OptionError](err); !ok {
		t.Errorf("%T is no *core.OptionError", option)
	}
	if err := (chaos.Faults{Fail: 0.5, FailAfter: 0.6}).Validate(); err == nil {
		t.Error("shares of more than all calls are accepted")
	}
	all := chaos.Faults{Fail: 0.25, FailAfter: 0.25, Hang: 0.25, Garble: 0.25, Delay: 1, MaxDelay: 1, Drop: 0.5, Duplicate: 0.25, Reorder: 0.25}
	if err := all.Validate(); err != nil {
		t.Error(err)
	}
}

func TestUse_RefusesBadFaultsAndKeepsTheOld(t *testing.T) {
	plan := chaos.NewPlan(1)
	use(t, plan, chaos.Faults{Fail: 1})
	if err := plan.Use(chaos.Faults{Fail: 2}); err == nil {
		t.Error("no error")
	}
	if got := plan.Faults(); got != (chaos.Faults{Fail: 1}) {
		t.Errorf("faults are now %+v", got)
	}
	plan.Calm()
	if got := plan.Faults(); got != (chaos.Faults{}) {
		t.Errorf("after Calm faults are %+v", got)
	}
}

// history returns which of n calls failed.
func history(t *testing.T, seed uint64, f chaos.Faults, n int) []bool {
	plan := chaos.NewPlan(seed)
	use(t, plan, f)
	layer := chaos.Distributed(newStore(t), plan)
	var list []bool
	for range n {
		_, _, err := layer.Get(t.Context(), "k")
		list = append(list, err != nil)
	}
	return list
}

func TestPlan_SameSeedSameFaults(t *testing.T) {
	some := chaos.Faults{Fail: 0.3}
	first := history(t, 7, some, 500)
	if !slices.Equal(first, history(t, 7, some, 500)) {
		t.Error("one seed has two histories")
	}
	if slices.Equal(first, history(t, 8, some, 500)) {
		t.Error("two seeds have one history")
	}
	// What else is wrong does not change which calls fail.
	if !slices.Equal(first, history(t, 7, chaos.Faults{Fail: 0.3, Garble: 0.5, Drop: 0.5}, 500)) {
		t.Error("another fault changes which calls fail")
	}
}

func TestPlan_SharesAreKept(t *testing.T) {
	const n = 20_000
	for _, share := range []float64{0.01, 0.3, 0.9} {
		failed := 0
		for _, f := range history(t, 42, chaos.Faults{Fail: share}, n) {
			if f {
				failed++
			}
		}
		if got := float64(failed) / n; math.Abs(got-share) > 0.015 {
			t.Errorf("%v of the calls failed, want %v", got, share)
		}
	}
}

// The faults of n calls are the same however the calls are spread over
// goroutines.
func TestPlan_ConcurrentCallsMeetTheSameNumberOfFaults(t *testing.T) {
	const goroutines, each = 8, 500
	failed := 0
	for _, f := range history(t, 3, chaos.Faults{Fail: 0.5}, goroutines*each) {
		if f {
			failed++
		}
	}
	plan := chaos.NewPlan(3)
	use(t, plan, chaos.Faults{Fail: 0.5})
	layer := chaos.Distributed(newStore(t), plan)
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range each {
				_, _, _ = layer.Get(t.Context(), "k")
			}
		})
	}
	wg.Wait()
	if got := plan.Injected(); got != uint64(failed) {
		t.Errorf("%d faults, want %d", got, failed)
	}
}

func TestPlan_MayBeChangedAtAnyTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := chaos.NewPlan(5)
		layer := chaos.Distributed(newStore(t), plan)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 200 {
					_ = layer.Set(t.Context(), "k", []byte("v"), time.Minute)
				}
			})
		}
		for i := range 100 {
			use(t, plan, chaos.Faults{Hang: 0.3, Delay: 0.3, MaxDelay: time.Millisecond, Fail: float64(i%2) / 2})
			time.Sleep(time.Millisecond)
		}
		plan.Calm()
		wg.Wait()
	})
}
