// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist_test

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
)

// A layer with a connection of its own, which need not be there yet.
func ExampleOpen() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	layer, err := natsdist.Open(ctx, "nats://127.0.0.1:1", "cache", &natsdist.Options{Lazy: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer layer.Close()

	fmt.Println(layer.Set(ctx, "user:1", []byte("Ada"), time.Minute))
	// Output: natsdist: set "user:1": nats: server is disconnected
}

// A layer on a connection that serves other purposes, too, and which the
// application closes.
func ExampleNew() {
	conn, err := nats.Connect("nats://127.0.0.1:1", append(natsdist.ConnOptions(), nats.RetryOnFailedConnect(true))...)
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
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()

	layer, err := natsdist.New(ctx, js, "cache", &natsdist.Options{MaxBytes: 1 << 30, Replicas: 3, Lazy: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(layer.Conn() == conn, layer.Close(), conn.IsClosed())
	// Output: true <nil> false
}
