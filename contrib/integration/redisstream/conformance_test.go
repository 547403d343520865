// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisstream_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/redisstream"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/backplanetest"
)

func TestConformance_Single(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	conformance(t, s.URL(), s.Addr())
}

func TestConformance_Cluster(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	conformance(t, c.URL(), c.Addrs()...)
}

func BenchmarkSingle(b *testing.B) {
	s := redistest.Start(b, nil)
	backplanetest.Bench(b, backplanetest.Harness{
		New: func(tb testing.TB) backplanetest.Channel { return newChannel(tb, s.URL(), nil, nil) },
	})
}

func conformance(t *testing.T, url string, addrs ...string) {
	t.Helper()
	opts := &redisstream.Options{Liveness: 500 * time.Millisecond, MaxLen: 100}
	backplanetest.Run(t, backplanetest.Harness{
		New: func(tb testing.TB) backplanetest.Channel {
			return newChannel(tb, url, redistest.NewFaults(tb, addrs...), opts)
		},
		MaxMessage: redisstream.MaxMessageLen,
		Oversize:   redisstream.MaxMessageLen + 1,
		Overflow:   1000,
		Features:   backplanetest.Features{Ping: true, Gapless: true},
	})
}

func newChannel(tb testing.TB, url string, faults *redistest.Faults, opts *redisstream.Options) backplanetest.Channel {
	tb.Helper()
	name := "test:" + rand.Text()
	node := func() (core.Backplane, func() error) {
		client := connect(tb, url, faults, nil)
		bus, err := redisstream.New(client, name, opts)
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
