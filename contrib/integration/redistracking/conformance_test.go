// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/backplanes/redisstream"
	"github.com/fusioncache-go/fusioncache/backplanes/redistracking"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/backplanetest"
)

func TestConformance_PubSub(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	conformance(t, pubsub, backplanetest.Features{Ping: true, NoOverflow: true}, s.URL(), s.Addr())
}

func TestConformance_Stream(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	conformance(t, stream, backplanetest.Features{Ping: true, NoOverflow: true, Gapless: true}, s.URL(), s.Addr())
}

func TestConformance_Cluster(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	conformance(t, pubsub, backplanetest.Features{Ping: true, NoOverflow: true}, c.URL(), c.Addrs()...)
}

func pubsub(client redis.UniversalClient, name string) (core.Backplane, error) {
	return redisbus.New(client, name, &redisbus.Options{Liveness: 500 * time.Millisecond})
}

func stream(client redis.UniversalClient, name string) (core.Backplane, error) {
	return redisstream.New(client, name, &redisstream.Options{Liveness: 500 * time.Millisecond})
}

type inner func(client redis.UniversalClient, name string) (core.Backplane, error)

func conformance(t *testing.T, with inner, f backplanetest.Features, url string, addrs ...string) {
	t.Helper()
	backplanetest.Run(t, backplanetest.Harness{
		New: func(tb testing.TB) backplanetest.Channel {
			return newChannel(tb, with, url, redistest.NewFaults(tb, addrs...))
		},
		MaxMessage: redisbus.MaxMessageLen,
		Oversize:   redisbus.MaxMessageLen + 1,
		Features:   f,
	})
}

func newChannel(tb testing.TB, with inner, url string, faults *redistest.Faults) backplanetest.Channel {
	tb.Helper()
	name := "test:" + rand.Text()
	node := func() (core.Backplane, func() error) {
		client := connect(tb, url, faults)
		bus, err := with(client, name)
		if err != nil {
			tb.Fatal(err)
		}
		tracked, err := redistracking.New(client, bus, prefixes(), &redistracking.Options{Liveness: 500 * time.Millisecond})
		if err != nil {
			tb.Fatal(err)
		}
		return tracked, client.Close
	}
	return backplanetest.Channel{
		Node: func() core.Backplane {
			bus, _ := node()
			return bus
		},
		Closed: func() core.Backplane {
			bus, closeClient := node()
			if err := bus.Publish(within(tb, patience), nil); err != nil {
				tb.Fatal(err)
			}
			_ = closeClient()
			return bus
		},
		Cut: func() func() {
			faults.Break()
			return faults.Restore
		},
		Stall: func() func() {
			faults.Hang()
			return faults.Restore
		},
	}
}

// BenchmarkChange measures the way from a write by another program to the
// subscriber.
func BenchmarkChange(b *testing.B) {
	s := redistest.Start(b, nil)
	sub := &signals{joined: make(chan struct{}, 10), changed: make(chan struct{}, 10)}
	bus := newBus(b, connect(b, s.URL(), nil), nil)
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- bus.Subscribe(ctx, sub) }()
	<-sub.joined
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Client().Set(ctx, "e:k", "v", 0).Err(); err != nil {
			b.Fatal(err)
		}
		<-sub.changed
	}
	cancel()
	<-ended
}

// signals is a subscriber that passes on that something came, not what.
type signals struct{ joined, changed chan struct{} }

func (s *signals) Joined(bool)    { s.joined <- struct{}{} }
func (s *signals) Message([]byte) {}
func (s *signals) Changed(string) { s.changed <- struct{}{} }
