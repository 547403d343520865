// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistest

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
)

// Faults is a network between clients and servers that fails on command. It
// takes effect on clients that dial with [Faults.Dial]. A cluster needs that:
// its nodes tell their addresses to the client, past any single proxy.
type Faults struct {
	proxies map[string]*netfault.Proxy
}

// NewFaults returns a healthy network to the servers at addrs. It is closed at
// the end of the test.
func NewFaults(tb testing.TB, addrs ...string) *Faults {
	tb.Helper()
	f := &Faults{proxies: map[string]*netfault.Proxy{}}
	for _, addr := range addrs {
		p, err := netfault.New(addr)
		if err != nil {
			tb.Fatalf("redistest: proxy: %v", err)
		}
		f.proxies[addr] = p
		tb.Cleanup(func() { _ = p.Close() })
	}
	return f
}

// Dial connects to the server at addr through the network. It fits the Dialer
// of go-redis.
func (f *Faults) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if p, ok := f.proxies[addr]; ok {
		addr = p.Addr()
	}
	return (&net.Dialer{Timeout: 500 * time.Millisecond}).DialContext(ctx, network, addr)
}

// Accepted returns the number of connections made so far.
func (f *Faults) Accepted() int {
	n := 0
	for _, p := range f.proxies {
		n += p.Accepted()
	}
	return n
}

// Cut resets all connections; new ones are let through.
func (f *Faults) Cut() { f.each((*netfault.Proxy).Cut) }

// Break resets all connections and lets no new one through until Restore.
func (f *Faults) Break() {
	f.each((*netfault.Proxy).Refuse)
	f.Cut()
}

// Hang holds all traffic back until Restore.
func (f *Faults) Hang() { f.each((*netfault.Proxy).Hang) }

// Delay holds each piece of data back by d until Restore.
func (f *Faults) Delay(d time.Duration) { f.each(func(p *netfault.Proxy) { p.Delay(d) }) }

// Restore heals the network.
func (f *Faults) Restore() { f.each((*netfault.Proxy).Restore) }

func (f *Faults) each(do func(*netfault.Proxy)) {
	for _, p := range f.proxies {
		do(p)
	}
}
