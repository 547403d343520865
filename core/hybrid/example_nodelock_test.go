// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/adapters/locallock"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/jsonser"
)

// Three nodes share a lock: a crowd at all of them makes one load.
func ExampleOptions_locker() {
	ctx := context.Background()
	server := hybrid.Must(localdist.New(nil)) // in life: redisdist or natsdist
	locks := locallock.New()                  // in life: redislock or natslock
	open := func() *hybrid.Cache[string] {
		stack := hybrid.Must(hybrid.New(hybrid.Options{
			Name:        "shop",
			Memory:      hybrid.Must(ottermem.New(nil)),
			Distributed: server,
			Locker:      locks,
			Serializer:  hybrid.Must(jsonser.New(nil)),
			Defaults:    core.EntryOptions{TTL: time.Minute, NodeLock: 5 * time.Second},
		}))
		return hybrid.Must(hybrid.Of[string](stack, "products"))
	}
	nodes := []*hybrid.Cache[string]{open(), open(), open()}

	var loads atomic.Int64
	load := func(context.Context, string) (string, error) {
		loads.Add(1)
		<-time.After(50 * time.Millisecond) // the database
		return "Chair", nil
	}
	var crowd sync.WaitGroup
	for i := range 300 {
		crowd.Go(func() { _, _ = nodes[i%3].GetOrSet(ctx, "1", load) })
	}
	crowd.Wait()
	fmt.Println("loads:", loads.Load())
	for _, node := range nodes {
		_ = node.Stack().Close(ctx)
	}
	// Output: loads: 1
}
