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

// printer prints what it is told.
type printer struct{}

func (printer) Joined(bool)        { fmt.Println("joined") }
func (printer) Message(msg []byte) { fmt.Printf("%s\n", msg) }

func ExampleNew() {
	nc, err := nats.Connect("nats://127.0.0.1:4222",
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
	defer nc.Close()
	bus, err := natsbus.New(nc, "shop.cache", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	fmt.Println(bus.Subscribe(ctx, printer{}))
}
