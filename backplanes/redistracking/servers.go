// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	errNilClient = errors.New("client is nil")
	errTopology  = errors.New("the masters of the cluster are others now")
)

// checkClient refuses clients whose settings cannot be known.
func checkClient(client redis.UniversalClient) error {
	switch c := client.(type) {
	case nil:
		return errNilClient
	case *redis.Client:
		if c == nil {
			return errNilClient
		}
		return nil
	case *redis.ClusterClient:
		if c == nil {
			return errNilClient
		}
		return nil
	}
	return unsuitable(client)
}

func unsuitable(client redis.UniversalClient) error {
	return fmt.Errorf("client is a %T, neither a *redis.Client nor a *redis.ClusterClient", client)
}

// servers returns the settings with which to connect to each server that may hold
// the keys, by address.
func (b *Backplane) servers(ctx context.Context) (map[string]redis.Options, error) {
	switch c := b.client.(type) {
	case *redis.Client:
		return map[string]redis.Options{c.Options().Addr: *c.Options()}, nil
	case *redis.ClusterClient:
		return masters(ctx, c)
	}
	return nil, unsuitable(b.client)
}

func masters(ctx context.Context, c *redis.ClusterClient) (map[string]redis.Options, error) {
	var mu sync.Mutex // ForEachMaster uses a goroutine for each
	found := map[string]redis.Options{}
	err := c.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		found[node.Options().Addr] = *node.Options()
		return nil
	})
	return found, err
}

// lookEvery is how often the masters of a cluster are compared with those that
// are tracked.
const lookEvery = 5 * time.Second

// compare returns when the masters of the cluster are others than those at addrs,
// or when ctx has ended. A cluster that does not tell is left to the connections.
func (b *Backplane) compare(ctx context.Context, addrs []string) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		within, cancel := context.WithTimeout(ctx, lookEvery)
		now, err := b.servers(within)
		cancel()
		if err == nil && !slices.Equal(slices.Sorted(maps.Keys(now)), addrs) {
			return errTopology
		}
	}
}

func (b *Backplane) clustered() bool {
	_, ok := b.client.(*redis.ClusterClient)
	return ok
}
