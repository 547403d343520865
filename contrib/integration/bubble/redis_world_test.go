// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package bubble_test

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/traffic"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// redisWorld is nodes on our server.
type redisWorld struct{ *redisServer }

func newRedisWorld(tb testing.TB) redisWorld { return redisWorld{newRedisServer(tb)} }

func (w redisWorld) connect(_ context.Context, shared bool, data, bus *network) (p traffic.Parts, err error) {
	first, err := dialled(data)
	if err != nil {
		return p, err
	}
	second := first
	if !shared {
		if second, err = dialled(bus); err != nil {
			return p, err
		}
	}
	p.Close = func() { _, _ = first.Close(), second.Close() }
	if p.Layer, err = redisdist.New(first, nil); err == nil {
		p.Bus, err = redisbus.New(second, hybrid.Channel(traffic.App), nil)
	}
	return p, err
}

func dialled(n *network) (redis.UniversalClient, error) {
	options, err := redisdist.ClientOptions("redis://bubble", nil)
	if err != nil {
		return nil, err
	}
	options.Dialer = n.Dial
	return redis.NewUniversalClient(options), nil
}

func (w redisWorld) faults(r *traffic.Run) []traffic.Fault {
	return []traffic.Fault{
		{Name: "server: killed", Begin: func() { w.kill(); r.Lose(r.Now()) }, End: w.start},
		{Name: "server: flushed", Begin: func() { w.flush(); r.Lose(r.Now()) }},
		{Name: "server: subscribers thrown out", Begin: w.throwOut},
	}
}

func (w redisWorld) close() { w.kill() }
