// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
)

// A layer with a client of its own, closed with the layer.
func ExampleOpen() {
	layer, err := redisdist.Open("redis://cache.internal:6379", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = layer.Close() }()

	_, err = redisdist.Open("redis://:pass/word@cache.internal", nil)
	fmt.Println(err)
	// Output: redisdist: option url: a special character in user name or password must be percent-encoded
}

// A client that the application uses for other things too.
func ExampleNew() {
	options, err := redisdist.ClientOptions("redis://node1,node2,node3", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	options.PoolSize = 50
	client := redis.NewUniversalClient(options)
	defer func() { _ = client.Close() }()

	layer, err := redisdist.New(client, nil)
	fmt.Println(layer != nil, err, options.Addrs)
	// Output: true <nil> [node1:6379 node2:6379 node3:6379]
}
