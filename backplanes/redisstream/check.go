// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisstream

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// What is wrong with a client.
var (
	errNilClient = errors.New("client is nil")
	errDeadlines = errors.New("client ignores deadlines: set its ContextTimeoutEnabled, or Options.AcceptLateDeadlines")
)

// checkClient refuses what would break the contract of the backplane, and clients
// whose settings cannot be known.
func checkClient(client redis.UniversalClient, late bool) error {
	switch c := client.(type) {
	case nil:
		return errNilClient
	case *redis.Client:
		if c == nil {
			return errNilClient
		}
		return checkDeadlines(c.Options().ContextTimeoutEnabled || late)
	case *redis.ClusterClient:
		if c == nil {
			return errNilClient
		}
		return checkDeadlines(c.Options().ContextTimeoutEnabled || late)
	}
	return unsuitable(client)
}

func unsuitable(client redis.UniversalClient) error {
	return fmt.Errorf("client is a %T, neither a *redis.Client nor a *redis.ClusterClient", client)
}

func checkDeadlines(kept bool) error {
	if kept {
		return nil
	}
	return errDeadlines
}

// server returns the settings with which to connect to the server that has the
// stream now.
func (b *Backplane) server(ctx context.Context) (redis.Options, error) {
	switch c := b.client.(type) {
	case *redis.Client:
		return *c.Options(), nil
	case *redis.ClusterClient:
		node, err := c.MasterForKey(ctx, b.stream)
		if err != nil {
			return redis.Options{}, err
		}
		return *node.Options(), nil
	}
	return redis.Options{}, unsuitable(b.client)
}
