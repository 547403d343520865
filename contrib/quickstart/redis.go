// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package quickstart

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// Redis returns a stack whose distributed layer and backplane are on the Redis
// at url, through one client. name is the name of the application.
//
// The forms of url are described at [redisdist.ClientOptions]: one server, with
// or without TLS, a unix socket, a cluster, or sentinels. A malformed url, an
// empty name and wrong options are errors, each named as a *core.OptionError,
// and no error repeats a part of url. A server that is down is an error only
// with [Options].RequireDistributed. opts may be nil.
//
// ctx is used during the call only.
func Redis(ctx context.Context, url, name string, opts *Options) (*hybrid.Stack, error) {
	o := orDefaults(opts)
	settings, err := redisdist.ClientOptions(url, &o.Redis)
	if err := errors.Join(ctx.Err(), err, checkName(name), o.check(onRedis)); err != nil {
		return nil, fmt.Errorf("quickstart: redis: %w", err)
	}
	c, err := redisConnection(settings, name)
	if err != nil {
		return nil, fmt.Errorf("quickstart: redis: %w", err)
	}
	stack, err := assemble(o, c)
	if err != nil {
		return nil, fmt.Errorf("quickstart: redis: %w", err)
	}
	return stack, nil
}

func redisConnection(settings *redis.UniversalOptions, name string) (connection, error) {
	client := redis.NewUniversalClient(settings)
	layer, err1 := redisdist.New(client, nil)
	bus, err2 := redisbus.New(client, hybrid.Channel(name), nil)
	if err := errors.Join(err1, err2); err != nil {
		return connection{}, errors.Join(err, client.Close())
	}
	return connection{name: name, distributed: layer, backplane: bus, close: client.Close}, nil
}
