// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsstream_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/natsstream"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/backplanetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]*natsstream.Options{
		"memory": {MaxMessages: 100}, "files": {MaxMessages: 100, Files: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := natstest.Start(t, nil)
			backplanetest.Run(t, backplanetest.Harness{
				New: func(tb testing.TB) backplanetest.Channel {
					proxy := newProxy(tb, s)
					return channel(tb, s.URLTo(proxy.Addr()), proxy, opts)
				},
				Patience:   15 * time.Second, // the machine may be busy
				MaxMessage: 64 << 10,
				Oversize:   64<<10 + 1,
				Overflow:   1000,
				Features:   backplanetest.Features{Ping: true, Gapless: true},
			})
		})
	}
}

func Benchmark(b *testing.B) {
	s := natstest.Start(b, nil)
	backplanetest.Bench(b, backplanetest.Harness{
		New: func(tb testing.TB) backplanetest.Channel { return channel(tb, s.URL(), nil, nil) },
	})
}

// channel returns a subject of its own, whose nodes connect to url.
func channel(tb testing.TB, url string, proxy *netfault.Proxy, opts *natsstream.Options) backplanetest.Channel {
	tb.Helper()
	name := "test." + rand.Text()
	node := func() (bus core.Backplane, closeConn func()) {
		conn := natstest.Connect(tb, url, connOptions()...)
		bus, err := natsstream.New(jetStream(tb, conn), name, opts)
		if err != nil {
			tb.Fatal(err)
		}
		return bus, conn.Close
	}
	return backplanetest.Channel{
		Node: func() core.Backplane {
			bus, _ := node()
			return bus
		},
		Closed: func() core.Backplane {
			bus, closeConn := node()
			if err := bus.Publish(within(tb, patience), nil); err != nil {
				tb.Fatal(err)
			}
			closeConn()
			return bus
		},
		Cut: func() func() {
			proxy.Refuse()
			proxy.Cut()
			return proxy.Restore
		},
		Stall: func() func() {
			proxy.Hang()
			return proxy.Restore
		},
	}
}
