// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsstream_test

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/backplanes/natsstream"
)

// A backplane on a connection that need not be there yet. All nodes of the
// application use the same subject.
func ExampleNew() {
	conn, err := nats.Connect("nats://127.0.0.1:1", nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		fmt.Println(err)
		return
	}

	bus, err := natsstream.New(js, "shop.sync", &natsstream.Options{MaxMessages: 50_000})
	fmt.Println(bus != nil, err)

	fmt.Println(bus.Publish(context.Background(), []byte("k changed")))
	// Output:
	// true <nil>
	// natsstream: publish to "shop.sync": nats: server is disconnected
}
