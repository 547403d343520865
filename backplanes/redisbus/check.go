// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisbus

import (
	"errors"

	"github.com/redis/go-redis/v9"
)

// What is wrong with a client.
var (
	errNilClient = errors.New("client is nil")
	errDeadlines = errors.New("client ignores deadlines: set its ContextTimeoutEnabled, or Options.AcceptLateDeadlines")
	errRing      = errors.New("client is a Ring, which publishes on another server while one is down, unheard by those still subscribed")
	errPipeliner = errors.New("client is an AutoPipeliner, which ignores deadlines and context")
)

// checkClient refuses what would break the contract of the backplane. A client
// of a type that it does not know is taken on trust.
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
	case *redis.Ring:
		return errRing
	case *redis.AutoPipeliner:
		return errPipeliner
	}
	return nil
}

func checkDeadlines(kept bool) error {
	if kept {
		return nil
	}
	return errDeadlines
}
