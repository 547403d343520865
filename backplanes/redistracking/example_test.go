// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking_test

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/backplanes/redistracking"
)

// Changes of keys are added to another backplane, here to one for tests. The
// prefixes of a stack are those that hybrid.KeyPrefixes returns.
func ExampleNew() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1})
	defer func() { _ = client.Close() }()
	bus, err := localbus.NewBus(nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	tracked, err := redistracking.New(client, bus.Channel("shop"), []string{"shop:1:e:", "shop:1:m:"}, nil)
	fmt.Println(tracked != nil, err)

	_, err = redistracking.New(client, bus.Channel("shop"), nil, nil)
	fmt.Println(err)
	// Output:
	// true <nil>
	// redistracking: no prefixes
}
