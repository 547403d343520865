// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// The pauses between attempts to connect to a server that is down: the first, and
// the longest, each shortened by up to a fifth at random. They make 50 attempts in
// a minute at the most, and find a server within 1.7 s after it is back.
const (
	firstRest   = 100 * time.Millisecond
	longestRest = 1700 * time.Millisecond
)

// dialer connects for all of a client: pools, subscriptions, and go-redis's own
// attempts. While a server is down they share its pauses; whoever comes in between
// is told at once. A server is up when it has answered something: behind a proxy a
// dead one takes connections, too.
type dialer struct {
	connect func(ctx context.Context, network, addr string) (net.Conn, error)

	mu    sync.Mutex
	rests map[string]*rest // by address; of servers that are down
}

// rest is the pause of one server.
type rest struct {
	pause time.Duration
	until time.Time
	err   error // of the last attempt
}

// newDialer returns the dialer of a client with these options, as they are when it
// connects.
func newDialer(o *redis.UniversalOptions) *dialer {
	connect := func(ctx context.Context, network, addr string) (net.Conn, error) {
		plain := &net.Dialer{Timeout: o.DialTimeout}
		if o.TLSConfig == nil {
			return plain.DialContext(ctx, network, addr)
		}
		return (&tls.Dialer{NetDialer: plain, Config: o.TLSConfig}).DialContext(ctx, network, addr)
	}
	return &dialer{connect: connect, rests: make(map[string]*rest)}
}

// dial returns a connection. That it could not be made, the first use of it says:
// go-redis counts dials that fail, and after some of them makes attempts of its
// own, which nobody has asked for, one a second.
func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if err := d.admit(addr); err != nil {
		return refused{err}, nil
	}
	began := time.Now()
	conn, err := d.connect(ctx, network, addr)
	if err != nil {
		if ctx.Err() == nil || time.Since(began) >= firstRest { // else its caller had no patience
			d.failed(addr, err)
		}
		return refused{err}, nil
	}
	return newConn(conn, d, addr), nil
}

// admit returns nil if an attempt may be made now. During a pause that is the
// attempt that ends it.
func (d *dialer) admit(addr string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.rests[addr]
	if r == nil {
		return nil
	}
	now := time.Now()
	if now.Before(r.until) {
		return fmt.Errorf("not tried again yet: %w", r.err)
	}
	r.begin(now)
	return nil
}

// begin begins the pause after an attempt that is made now.
func (r *rest) begin(now time.Time) {
	r.pause = min(max(2*r.pause, firstRest), longestRest)
	r.until = now.Add(r.pause - rand.N(r.pause/5))
}

// failed notes that an attempt has failed: a connection was not made, or broke
// before the server had answered anything.
func (d *dialer) failed(addr string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.rests[addr]
	if r == nil {
		if len(d.rests) >= maxRests {
			return
		}
		r = &rest{}
		r.begin(time.Now())
		d.rests[addr] = r
	}
	r.err = err
}

// maxRests bounds the servers that are remembered to be down.
const maxRests = 1000

// answered notes that a server is up.
func (d *dialer) answered(addr string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.rests, addr)
}
