// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/core"
)

// gatherer makes pipelines of the reads that come while others are under way. A read
// that finds a place free goes out at once, on its caller's goroutine. Each server of
// a cluster has places of its own, so that one that hangs holds up nobody else.
type gatherer struct {
	layer  *Layer
	places int // of a server; 0: without limit
	most   int // reads in a batch

	mu     sync.Mutex
	closed bool
	single places                    // of the one server
	master map[*redis.Client]*places // of those of a cluster with a read under way

	batches sync.WaitGroup // that have not ended
}

// places are those of one server. Batches wait only while all are taken.
type places struct {
	taken   int
	waiting []*batch
}

// batch is reads that go out together. Until it is sent it is guarded by the lock of
// the gatherer; what its callers read is written before done is closed.
type batch struct {
	first   context.Context // whose values the batch has
	keys    []string
	callers int       // that have not given up
	end     time.Time // of the most patient caller
	endless bool      // one of them has no deadline
	done    chan struct{}

	cmds    []getCmd
	failure error
}

// get reads key, alone or together with others.
func (g *gatherer) get(ctx context.Context, key string) (*getCmd, error) {
	if g.places == 0 {
		return g.layer.getOne(ctx, key)
	}
	server := g.layer.masterOf(ctx, key)
	b, place := g.enter(ctx, server, key)
	if b == nil {
		defer g.leave(server)
		return g.layer.getOne(ctx, key)
	}
	select {
	case <-b.done:
	case <-ctx.Done():
		g.giveUp(b)
		return nil, ctx.Err()
	}
	if b.failure != nil {
		return nil, b.failure
	}
	return &b.cmds[place], nil
}

// enter takes a place for a read of key, or takes it into a batch.
func (g *gatherer) enter(ctx context.Context, server *redis.Client, key string) (b *batch, place int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.at(server)
	if p.taken < g.places || g.closed {
		p.taken++
		return nil, 0
	}
	if n := len(p.waiting); n > 0 && len(p.waiting[n-1].keys) < g.most {
		b = p.waiting[n-1]
	} else {
		b = &batch{first: ctx, done: make(chan struct{})}
		p.waiting = append(p.waiting, b)
		g.batches.Add(1)
	}
	b.join(ctx, key)
	return b, len(b.keys) - 1
}

// at returns the places of a server.
func (g *gatherer) at(server *redis.Client) *places {
	if server == nil {
		return &g.single
	}
	p := g.master[server]
	if p == nil {
		p = new(places)
		if g.master == nil {
			g.master = map[*redis.Client]*places{}
		}
		g.master[server] = p
	}
	return p
}

func (b *batch) join(ctx context.Context, key string) {
	b.keys = append(b.keys, key)
	b.callers++
	end, limited := ctx.Deadline()
	b.endless = b.endless || !limited
	if end.After(b.end) {
		b.end = end
	}
}

// giveUp takes note that a caller does not wait any more.
func (g *gatherer) giveUp(b *batch) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b.callers--
}

// leave gives a place free, or to a batch that waits for one.
func (g *gatherer) leave(server *redis.Client) {
	if b := g.next(server); b != nil {
		go g.send(server, b)
	}
}

// next returns the batch that a place goes to. If there is none, the place is free.
func (g *gatherer) next(server *redis.Client) *batch {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.at(server)
	for len(p.waiting) > 0 {
		b := p.waiting[0]
		p.waiting[0] = nil
		p.waiting = p.waiting[1:]
		if b.callers > 0 {
			return b
		}
		g.batches.Done()
	}
	p.taken--
	if p.taken == 0 && server != nil {
		delete(g.master, server)
	}
	return nil
}

// send sends a batch and those that wait when it returns.
func (g *gatherer) send(server *redis.Client, b *batch) {
	for b != nil {
		g.one(b)
		b = g.next(server)
	}
}

// one sends a batch. A panic in a hook of the client is a failure for all callers.
func (g *gatherer) one(b *batch) {
	defer g.batches.Done()
	defer close(b.done)
	defer func() {
		if p := recover(); p != nil {
			b.failure = &core.PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	ctx := context.WithoutCancel(b.first)
	if !b.endless {
		limited, cancel := context.WithDeadline(ctx, b.end)
		defer cancel()
		ctx = limited
	}
	b.cmds = g.layer.getAll(ctx, b.keys)
}

// close has later reads go out alone, and waits for the batches.
func (g *gatherer) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.batches.Wait()
}
