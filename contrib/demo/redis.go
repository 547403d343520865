// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/adapters/redislock"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// redisLink is a node's client for Redis.
type redisLink struct {
	client redis.UniversalClient
	locks  *redislock.Locker
}

func connectRedis(options *redis.UniversalOptions) (*redisLink, error) {
	client := redis.NewUniversalClient(options)
	locks, err := redislock.New(client, nil)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &redisLink{client, locks}, nil
}

func (l *redisLink) distributed(context.Context, string) (core.DistributedLayer, error) {
	return redisdist.New(l.client, nil)
}

func (l *redisLink) backplane(name string) (core.Backplane, error) {
	return redisbus.New(l.client, hybrid.Channel(name), nil)
}

func (l *redisLink) locker(string) (core.Locker, error) { return l.locks, nil }

func (l *redisLink) close() error { return errors.Join(l.locks.Close(), l.client.Close()) }

// remoteRedis is a Redis that is somebody else's. It is not stopped: what can be
// unplugged is the cable to it.
type remoteRedis struct {
	options *redis.UniversalOptions
	cable   *cable
}

// reachRedis fails if there is no Redis at url.
func reachRedis(ctx context.Context, url string) (server, error) {
	options, err := redisdist.ClientOptions(url, nil)
	if err != nil {
		return nil, err
	}
	r := &remoteRedis{options: options}
	r.cable = newCable(redis.NewDialer(&redis.Options{DialTimeout: options.DialTimeout, TLSConfig: options.TLSConfig}))
	options.Dialer = r.cable.dial
	client := redis.NewUniversalClient(options)
	defer func() { _ = client.Close() }()
	if err := client.Ping(ctx).Err(); err != nil {
		return nil, fmt.Errorf("reach the Redis of -redis: %w", err)
	}
	return r, nil
}

func (r *remoteRedis) connect(context.Context) (link, error) {
	options := *r.options
	return connectRedis(&options)
}

func (r *remoteRedis) stop(context.Context) error {
	r.cable.unplug()
	return nil
}

func (r *remoteRedis) start(context.Context) error {
	r.cable.plug()
	return nil
}

func (r *remoteRedis) close() error { return nil }
