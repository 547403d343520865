// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsbus_test

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
)

// A backplane on a connection that need not be there yet. All nodes of the
// application use the same subject.
func ExampleNew() {
	conn, err := nats.Connect("nats://127.0.0.1:1",
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250*time.Millisecond),
		nats.PingInterval(time.Second),
		nats.FlusherTimeout(2*time.Second),
		nats.ReconnectBufSize(-1),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	bus, err := natsbus.New(conn, "shop.sync", nil)
	fmt.Println(bus != nil, err)

	fmt.Println(bus.Publish(context.Background(), []byte("k changed")))
	// Output:
	// true <nil>
	// natsbus: publish: nats: server is disconnected
}
