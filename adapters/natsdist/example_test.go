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

// A layer with a connection of its own.
func ExampleOpen() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	layer, err := natsdist.Open(ctx, "nats://127.0.0.1:4222", "cache", &natsdist.Options{Lazy: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer layer.Close()
	if err := layer.Set(ctx, "user:1", []byte("Ada"), time.Minute); err != nil {
		fmt.Println("not stored:", err)
	}
}

// A layer on a connection that serves other purposes, too.
func ExampleNew() {
	nc, err := nats.Connect("nats://127.0.0.1:4222", natsdist.ConnOptions()...)
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
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	layer, err := natsdist.New(ctx, js, "cache", &natsdist.Options{MaxBytes: 1 << 30, Replicas: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer layer.Close()
}
