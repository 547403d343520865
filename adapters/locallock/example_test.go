// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locallock_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/locallock"
)

func Example() {
	ctx := context.Background()
	locks := locallock.New()
	lease, err := locks.TryLock(ctx, "orders:42", time.Second)
	fmt.Println(lease != nil, err)
	second, err := locks.TryLock(ctx, "orders:42", time.Second)
	fmt.Println(second != nil, err)
	fmt.Println(lease.Release(ctx), locks.Wait(ctx, "orders:42"))
	// Output:
	// true <nil>
	// false <nil>
	// <nil> <nil>
}
