// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package cachetest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/cachetest"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// A factory that fails at its second call.
func ExampleFactory() {
	f := cachetest.Returns("Chair").ThenFail(errors.New("database is down"))
	for range 3 {
		fmt.Println(f.Load(context.Background(), "1"))
	}
	fmt.Println(f.Calls(), "calls for", f.Keys())
	// Output:
	// Chair <nil>
	//  database is down
	//  database is down
	// 3 calls for [1 1 1]
}

// What a stack has done is what its events say.
func ExampleRecorder() {
	ctx := context.Background()
	events := &cachetest.Recorder{}
	stack := hybrid.Must(hybrid.New(hybrid.Options{Memory: cachetest.NewMemory(), Plugins: []core.Plugin{events}}))
	cache := hybrid.Must(hybrid.Of[string](stack, "products"))

	load := cachetest.Returns("Chair").Load
	_, _ = cache.GetOrSet(ctx, "1", load)
	_, _ = cache.GetOrSet(ctx, "1", load)
	fmt.Println(events.Count(core.Miss), "miss,", events.Count(core.Hit), "hit, key", events.Events(core.Hit)[0].Key)
	_ = stack.Close(ctx)
	// Output: 1 miss, 1 hit, key products:1
}

// The second level fails, and the caller does not notice.
func ExampleServer() {
	ctx := context.Background()
	server := cachetest.NewServer()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name: "shop", Memory: cachetest.NewMemory(), Distributed: server, Serializer: cachetest.JSON{},
	}))
	cache := hybrid.Must(hybrid.Of[string](stack, "products"))

	server.Fail(errors.New("connection refused"))
	fmt.Println(cache.GetOrSet(ctx, "1", cachetest.Returns("Chair").Load))
	server.Fail(nil)
	_ = stack.Close(ctx)
	// Output: Chair <nil>
}
