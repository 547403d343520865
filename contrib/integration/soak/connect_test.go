// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package soak_test

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/backplanes/natsstream"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/backplanes/redisstream"
	"github.com/fusioncache-go/fusioncache/contrib/integration/traffic"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

const bucketName = "soak"

// transport is the kind of server between the nodes.
type transport string

const (
	onRedis transport = "redis"
	onNATS  transport = "nats"

	// The same, with messages in a stream.
	onRedisStream transport = "redis-stream"
	onNATSStream  transport = "nats-stream"
)

// link is where a node finds its server: each of the two parts over a network of
// its own.
type link struct{ Data, Bus string }

// connect makes the parts of a node. The server must answer.
func (t transport) connect(ctx context.Context, l link) (traffic.Parts, error) {
	if t.isNATS() {
		return t.connectNATS(ctx, l)
	}
	return t.connectRedis(l)
}

func (t transport) isNATS() bool { return t == onNATS || t == onNATSStream }

func (t transport) connectRedis(l link) (p traffic.Parts, err error) {
	var clients [2]redis.UniversalClient
	for i, addr := range []string{l.Data, l.Bus} {
		options, err := redisdist.ClientOptions("redis://"+addr, nil)
		if err != nil {
			return p, err
		}
		clients[i] = redis.NewUniversalClient(options)
	}
	p.Close = func() { _, _ = clients[0].Close(), clients[1].Close() }
	if p.Layer, err = redisdist.New(clients[0], nil); err != nil {
		return p, err
	}
	if t == onRedisStream {
		p.Bus, err = redisstream.New(clients[1], hybrid.Channel(traffic.App), nil)
	} else {
		p.Bus, err = redisbus.New(clients[1], hybrid.Channel(traffic.App), nil)
	}
	return p, err
}

func (t transport) connectNATS(ctx context.Context, l link) (p traffic.Parts, err error) {
	var conns [2]*nats.Conn
	var streams [2]jetstream.JetStream
	var layer *natsdist.Layer
	p.Close = func() {
		for _, nc := range conns {
			if nc != nil {
				nc.Close()
			}
		}
		if layer != nil {
			_ = layer.Close()
		}
	}
	for i, addr := range []string{l.Data, l.Bus} {
		if conns[i], err = nats.Connect("nats://"+addr, natsdist.ConnOptions()...); err != nil {
			return p, err
		}
		if streams[i], err = jetstream.New(conns[i]); err != nil {
			return p, err
		}
	}
	within, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	layer, err = natsdist.New(within, streams[0], bucketName, &natsdist.Options{Storage: jetstream.MemoryStorage, MaxBytes: 16 << 20})
	if err != nil {
		return p, fmt.Errorf("bucket: %w", err)
	}
	p.Layer = layer
	if t == onNATSStream {
		p.Bus, err = natsstream.New(streams[1], hybrid.Channel(traffic.App), nil)
	} else {
		p.Bus, err = natsbus.New(conns[1], hybrid.Channel(traffic.App), nil)
	}
	return p, err
}
