// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
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
