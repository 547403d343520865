// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisstream_test

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/backplanes/redisstream"
)

// A backplane on a client that the application has already. All nodes of the
// application use the same stream.
func ExampleNew() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1})
	defer func() { _ = client.Close() }()

	bus, err := redisstream.New(client, "shop:sync", &redisstream.Options{MaxLen: 50_000})
	fmt.Println(bus != nil, err)

	_, err = redisstream.New(client, "", nil)
	fmt.Println(err)
	// Output:
	// true <nil>
	// redisstream: stream is empty
}
