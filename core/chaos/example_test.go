// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/adapters/locallock"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/chaos"
)

// A layer whose server goes away and comes back.
func Example() {
	store, err := localdist.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	plan := chaos.NewPlan(1)
	layer := chaos.Distributed(store, plan)
	ctx := context.Background()

	set := func(value string) {
		err := layer.Set(ctx, "k", []byte(value), time.Minute)
		fmt.Println(err, errors.Is(err, chaos.ErrInjected))
	}
	set("one")
	if err := plan.Use(chaos.Faults{Fail: 1}); err != nil {
		fmt.Println(err)
		return
	}
	set("two")
	plan.Calm()

	data, _, _ := layer.Get(ctx, "k")
	fmt.Printf("%s, %d fault\n", data, plan.Injected())
	// Output:
	// <nil> false
	// chaos: set "k": injected fault true
	// one, 1 fault
}

// Memory that loses what it is asked for, as under pressure.
func ExampleMemory() {
	inner, err := ottermem.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	plan := chaos.NewPlan(1)
	memory := chaos.Memory(inner, plan)
	_ = memory.Set("k", core.Live("lamp", core.Meta{}))
	_, ok := memory.Get("k")
	fmt.Println(ok)
	_ = plan.Use(chaos.Faults{Drop: 1})
	_, ok = memory.Get("k")
	fmt.Println(ok)
	_ = plan.Use(chaos.Faults{Fail: 1})
	fmt.Println(memory.Set("k", core.Live("lamp", core.Meta{})))
	// Output:
	// true
	// false
	// chaos: set "k": injected fault
}

// A lock service that does not answer.
func ExampleLocker() {
	plan := chaos.NewPlan(1)
	locks := chaos.Locker(locallock.New(), plan)
	ctx := context.Background()
	lease, err := locks.TryLock(ctx, "orders:42", time.Second)
	fmt.Println(lease != nil, err)
	_ = plan.Use(chaos.Faults{Fail: 1})
	fmt.Println(lease.Renew(ctx, time.Second))
	// Output:
	// true <nil>
	// chaos: renew "orders:42": injected fault
}
