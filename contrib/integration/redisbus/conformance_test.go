// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisbus_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/backplanetest"
)

func TestConformance_Single(t *testing.T) {
	s := redistest.Start(t, nil)
	conformance(t, &redisbus.Options{}, s.URL(), s.Addr())
}

func TestConformance_Cluster(t *testing.T) {
	c := redistest.StartCluster(t)
	conformance(t, &redisbus.Options{}, c.URL(), c.Addrs()...)
}

func TestConformance_Sharded(t *testing.T) {
	c := redistest.StartCluster(t)
	conformance(t, &redisbus.Options{Sharded: true}, c.URL(), c.Addrs()...)
}

func BenchmarkSingle(b *testing.B) {
	s := redistest.Start(b, nil)
	backplanetest.Bench(b, backplanetest.Harness{
		New: func(tb testing.TB) backplanetest.Channel {
			return newChannel(tb, &redisbus.Options{}, s.URL(), nil)
		},
	})
}

func conformance(t *testing.T, opts *redisbus.Options, url string, addrs ...string) {
	t.Helper()
	opts.Liveness = 500 * time.Millisecond
	backplanetest.Run(t, backplanetest.Harness{
		New: func(tb testing.TB) backplanetest.Channel {
			return newChannel(tb, opts, url, redistest.NewFaults(tb, addrs...))
		},
		Patience:   10 * time.Second,
		MaxMessage: redisbus.MaxMessageLen,
		Oversize:   redisbus.MaxMessageLen + 1,
		// The queue is in the sockets and in Redis; TestSlowSubscriber fills it
		// with large messages.
		Features: backplanetest.Features{Ping: true, NoOverflow: true},
	})
}

func newChannel(tb testing.TB, opts *redisbus.Options, url string, faults *redistest.Faults) backplanetest.Channel {
	tb.Helper()
	name := "test:" + rand.Text()
	node := func() (core.Backplane, func() error) {
		client := connect(tb, url, faults, nil)
		bus, err := redisbus.New(client, name, opts)
		if err != nil {
			tb.Fatal(err)
		}
		return bus, client.Close
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
