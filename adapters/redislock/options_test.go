// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redislock_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redislock"
)

func TestNew_RefusesClientsThatCannotKeepAPromise(t *testing.T) {
	var none *redis.Client
	late := redis.NewClient(&redis.Options{})
	ring := redis.NewRing(&redis.RingOptions{})
	replicas := redis.NewClusterClient(&redis.ClusterOptions{RouteByLatency: true, ContextTimeoutEnabled: true})
	for _, c := range []interface{ Close() error }{late, ring, replicas} {
		t.Cleanup(func() { _ = c.Close() })
	}
	for name, client := range map[string]redis.UniversalClient{"nil": nil, "a nil client": none, "late": late, "a ring": ring, "replicas": replicas} {
		if _, err := redislock.New(client, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := redislock.New(late, &redislock.Options{AcceptLateDeadlines: true}); err != nil {
		t.Error(err)
	}
}
