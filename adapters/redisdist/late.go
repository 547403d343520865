// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// errLate says that a write was not carried out: it reached the server when its
// caller had given it up.
var errLate = errors.New("reached the server too late, and was not carried out")

// serverClock knows how late it is at the server, so that a write can say until when
// it may be carried out. A write that was given up may still be on its way: in the
// buffers of a server that stands still, or in a network that does. Other nodes go
// on meanwhile, and it must not overwrite what they write.
//
// Nothing is expected of the clocks but that they run equally fast. Where the one of
// the server was set, or another server answers, a write is refused without need, and
// sent again.
type serverClock struct {
	mu     sync.Mutex
	micros int64     // what the server's clock said in the last answer
	heard  time.Time // when that had come; zero: never
}

// learn notes the time in an answer that has just come, seconds:microseconds. It is
// empty where the user must not ask for it.
func (c *serverClock) learn(text string) {
	whole, part, _ := strings.Cut(text, ":")
	seconds, err1 := strconv.ParseInt(whole, 10, 64)
	micros, err2 := strconv.ParseInt(part, 10, 64)
	if err1 != nil || err2 != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.micros, c.heard = seconds*1e6+micros, time.Now()
}

// at returns the server's time at a moment, in microseconds, rather too early than too
// late, if it is known.
func (c *serverClock) at(moment time.Time) (micros int64, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.micros + moment.Sub(c.heard).Microseconds(), !c.heard.IsZero()
}

// maxClocks is of how many masters the clocks are kept. Masters come and go.
const maxClocks = 1024

// clocks are those of the servers that were written to. Masters of a cluster need not
// agree on the time. While a slot moves from one to another, the time of either may be
// noted for the other one, until the client knows of the move.
type clocks struct {
	single serverClock // of the one server

	mu     sync.Mutex
	master map[string]*serverClock // of those of a cluster, by address
}

// of returns the clock of a master, nil for the one server.
func (c *clocks) of(master *redis.Client) *serverClock {
	if master == nil {
		return &c.single
	}
	addr := master.Options().Addr
	c.mu.Lock()
	defer c.mu.Unlock()
	clock := c.master[addr]
	if clock == nil {
		clock = new(serverClock)
		c.keep(addr, clock)
	}
	return clock
}

// at is what clock shows at a moment. One that is not known shows the time of any other:
// a limit that is roughly right is better than none, and one that is too early is noticed.
func (c *clocks) at(clock *serverClock, moment time.Time) (micros int64, known bool) {
	if micros, known = clock.at(moment); known {
		return micros, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, other := range c.master {
		if micros, known = other.at(moment); known {
			return micros, true
		}
	}
	return c.single.at(moment)
}

// keep remembers a clock, in place of any other one if there are too many.
func (c *clocks) keep(addr string, clock *serverClock) {
	if c.master == nil {
		c.master = map[string]*serverClock{}
	}
	for other := range c.master {
		if len(c.master) < maxClocks {
			break
		}
		delete(c.master, other)
	}
	c.master[addr] = clock
}

// latest returns until when, by the server's clock, a write may be carried out that
// is sent now: until its caller has no patience any more, or the client. If it is not
// limited, it may be for ever.
func (l *Layer) latest(ctx context.Context, clock *serverClock) (micros int64, limited bool) {
	end, limited := ctx.Deadline()
	if own := time.Now().Add(l.patience); l.patience > 0 && (!limited || own.Before(end)) {
		end, limited = own, true
	}
	if !limited {
		return 0, false
	}
	return l.clocks.at(clock, end)
}

// patienceOf returns how long a client waits for an answer; zero if there is no
// limit, or it cannot be known.
func patienceOf(client redis.UniversalClient) time.Duration {
	switch c := client.(type) {
	case *redis.Client:
		return max(0, c.Options().ReadTimeout)
	case *redis.ClusterClient:
		return max(0, c.Options().ReadTimeout)
	}
	return 0
}
