// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/cachetest"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// A message that is not sealed with a key of the stack is ignored.
func ExampleOptions_messageKeys() {
	ctx := context.Background()
	key := make([]byte, 32) // in life: a secret that all nodes have
	_, _ = rand.Read(key)

	events := &cachetest.Recorder{}
	bus := cachetest.NewBus()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      cachetest.NewMemory(),
		Backplane:   bus,
		MessageKeys: [][]byte{key},
		Plugins:     []core.Plugin{events},
	}))
	for events.Count(core.Joined) == 0 { // in a test: synctest.Wait()
		runtime.Gosched()
	}
	_ = bus.Publish(ctx, []byte("forged"))
	fmt.Println(events.Events(core.MessageRejected)[0].Err)
	_ = stack.Close(ctx)
	// Output: message is not authentic
}

// A view whose values go along with the messages about them.
func ExampleOptions_push() {
	ctx := context.Background()
	key := make([]byte, 32) // in life: a secret that all nodes have
	_, _ = rand.Read(key)

	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      cachetest.NewMemory(),
		Distributed: cachetest.NewServer(),
		Backplane:   cachetest.NewBus(),
		Serializer:  cachetest.JSON{},
		MessageKeys: [][]byte{key},
	}))
	prices := hybrid.Must(hybrid.Of[int](stack, "prices", core.Push(true)))
	fmt.Println(prices.Set(ctx, "1", 1995))
	_ = stack.Close(ctx)
	// Output: committed <nil>
}
