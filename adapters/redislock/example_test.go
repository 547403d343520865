// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redislock_test

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/adapters/redislock"
)

// A locker shares the client of the distributed layer, and is closed after the
// stack and before the client.
func Example() {
	options, err := redisdist.ClientOptions("redis://localhost:6379", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	client := redis.NewUniversalClient(options)
	locks, err := redislock.New(client, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	// hybrid.Options{Locker: locks, Defaults: core.EntryOptions{NodeLock: 5 * time.Second}}
	fmt.Println(locks.Close(), client.Close())
	// Output: <nil> <nil>
}
