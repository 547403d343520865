// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsbus_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/backplanetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	backplanetest.Run(t, backplanetest.Harness{
		New: func(tb testing.TB) backplanetest.Channel {
			proxy := newProxy(tb, s)
			return channel(tb, s.URLTo(proxy.Addr()), proxy)
		},
		Patience:   15 * time.Second, // the machine may be busy
		MaxMessage: 64 << 10,
		Oversize:   64<<10 + 1,
		Overflow:   2000,
		Features:   backplanetest.Features{Ping: true},
	})
}

func Benchmark(b *testing.B) {
	s := natstest.Start(b, nil)
	backplanetest.Bench(b, backplanetest.Harness{
		New: func(tb testing.TB) backplanetest.Channel { return channel(tb, s.URL(), nil) },
	})
}

// channel returns a subject of its own, whose nodes connect to url.
func channel(tb testing.TB, url string, proxy *netfault.Proxy) backplanetest.Channel {
	tb.Helper()
	name := "test." + rand.Text()
	node := func() (bus core.Backplane, closeConn func()) {
		conn := natstest.Connect(tb, url, connOptions()...)
		bus, err := natsbus.New(conn, name, &natsbus.Options{PendingMessages: 100})
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
