// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natslock_test

import (
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natslock"
)

// Locks have a bucket of their own, on the connection of the distributed layer. The
// locker is closed after the stack and before the connection.
func Example() {
	nc, err := nats.Connect("nats://localhost:4222", nats.RetryOnFailedConnect(true))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		fmt.Println(err)
		return
	}
	locks, err := natslock.New(js, "cache-locks", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	// hybrid.Options{Locker: locks, Defaults: core.EntryOptions{NodeLock: 5 * time.Second}}
	fmt.Println(locks.Close())
	// Output: <nil>
}
