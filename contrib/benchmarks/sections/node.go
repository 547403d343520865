// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

// patience is so long that a busy machine does not make a hit a miss.
const patience = 30 * time.Second

// node is a node of ours on Redis.
type node struct {
	client redis.UniversalClient
	stack  *hybrid.Stack
	cache  *hybrid.Cache[load.Struct6]
}

// newNode makes a node with room for entries in memory, on the stack called name. bus
// nil: no backplane.
func newNode(r *Run, name string, entries int, bus core.Backplane) (*node, error) {
	client, err := newClient(r)
	if err != nil {
		return nil, err
	}
	return newNodeWith(client, name, entries, bus)
}

// newNodeWith is newNode with a client, which the node closes.
func newNodeWith(client redis.UniversalClient, name string, entries int, bus core.Backplane) (*node, error) {
	serializer, err := msgpackser.New(nil)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return newNodeOn(client, name, entries, bus, serializer)
}

// newNodeOn is newNodeWith with a serializer.
func newNodeOn(client redis.UniversalClient, name string, entries int, bus core.Backplane, serializer core.Serializer) (n *node, err error) {
	n = &node{client: client}
	memory, err1 := ottermem.New(&ottermem.Options{MaxEntries: entries})
	layer, err2 := redisdist.New(client, nil)
	if err := errors.Join(err1, err2); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	n.stack, err = hybrid.New(hybrid.Options{Name: name, Memory: memory, Distributed: layer, Backplane: bus, Serializer: serializer})
	if err == nil {
		n.cache, err = hybrid.Of[load.Struct6](n.stack, "records", core.TTL(time.Hour), core.DistributedTimeouts(0, patience))
	}
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return n, nil
}

func newClient(r *Run) (redis.UniversalClient, error) {
	options, err := redisdist.ClientOptions("redis://"+r.Redis, nil)
	if err != nil {
		return nil, err
	}
	options.ReadTimeout, options.WriteTimeout = patience, patience
	return redis.NewUniversalClient(options), nil
}

// newBus returns a backplane on a client of its own.
func newBus(r *Run, name string) (core.Backplane, redis.UniversalClient, error) {
	client, err := newClient(r)
	if err != nil {
		return nil, nil, err
	}
	bus, err := redisbus.New(client, hybrid.Channel(name), nil)
	return bus, client, err
}

// newNotifier returns a node whose layer and backplane have one client, so that writes
// and messages go out together.
func newNotifier(r *Run, name string, entries int) (*node, error) {
	bus, client, err := newBus(r, name)
	if err != nil {
		return nil, err
	}
	return newNodeWith(client, name, entries, bus)
}

func (n *node) close() {
	_ = n.stack.Close(context.Background())
	_ = n.client.Close()
}
