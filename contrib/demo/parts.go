// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
	"github.com/fusioncache-go/fusioncache/plugins/stats"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

// link is one node's connection to a server.
type link interface {
	// distributed returns the L2 on the server, for the stack called name.
	distributed(ctx context.Context, name string) (core.DistributedLayer, error)

	// backplane returns the backplane on the server, for the stack called name.
	backplane(name string) (core.Backplane, error)

	// locker returns the locks on the server that the nodes of the stack called name
	// share.
	locker(name string) (core.Locker, error)

	// close ends the connection, after the stack has been closed.
	close() error
}

// recipe says what the cache of a node is made of. All nodes have the same.
type recipe struct {
	name     string
	l1       engine
	l2       server
	bus      server // may be the same as l2
	defaults core.EntryOptions
}

// entryOptions are for a show in which everything happens faster than in life:
// prices are fresh for ttl, and good enough for much longer if the database fails.
func entryOptions(ttl time.Duration) core.EntryOptions {
	return core.EntryOptions{
		TTL:         ttl,
		Jitter:      ttl / 10,
		StaleTTL:    10 * time.Minute,
		Throttle:    time.Second,
		SoftTimeout: 100 * time.Millisecond,
		HardTimeout: 5 * time.Second,
		LoadTimeout: 10 * time.Second,

		// One node loads, the others wait for it.
		NodeLock: 5 * time.Second,

		// Everything shares the processors of one machine here, and all three nodes
		// at that. A second, the default, is plenty elsewhere.
		DistributedTimeout: 3 * time.Second,
	}
}

// cache is the stack of one node, and the connections that it stands on.
type cache struct {
	*hybrid.Stack
	circuits *breaker.Plugin
	links    []link
}

// open assembles a cache. Each part can be swapped without touching the others.
func (r *recipe) open(ctx context.Context, counter *stats.Plugin) (_ *cache, err error) {
	c := &cache{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.disconnect())
		}
	}()
	o := hybrid.Options{
		Name:     r.name,
		Defaults: r.defaults,
		Recovery: coherence.RecoveryOptions{MaxPause: time.Second},
	}
	if o.Memory, err = newMemory(r.l1); err != nil {
		return nil, err
	}
	if o.Serializer, err = msgpackser.New(nil); err != nil {
		return nil, err
	}
	if err = r.connect(ctx, c, &o); err != nil {
		return nil, err
	}
	if c.circuits, err = breaker.New(nil); err != nil {
		return nil, err
	}
	o.Plugins = []core.Plugin{c.circuits, counter}
	c.Stack, err = hybrid.New(o)
	return c, err
}

func newMemory(e engine) (core.MemoryLayer, error) {
	if e == otter {
		return ottermem.New(&ottermem.Options{MaxEntries: 50_000})
	}
	return freecachemem.New(32<<20, nil)
}

// connect adds the L2 with its locks and the backplane to o: on one connection if they are on
// one server, as most services have it.
func (r *recipe) connect(ctx context.Context, c *cache, o *hybrid.Options) error {
	l2, err := r.l2.connect(ctx)
	if err != nil {
		return fmt.Errorf("connect to L2: %w", err)
	}
	c.links = append(c.links, l2)
	bus := l2
	if r.bus != r.l2 {
		if bus, err = r.bus.connect(ctx); err != nil {
			return fmt.Errorf("connect to the backplane: %w", err)
		}
		c.links = append(c.links, bus)
	}
	if o.Distributed, err = l2.distributed(ctx, r.name); err != nil {
		return err
	}
	if o.Locker, err = l2.locker(r.name); err != nil {
		return err
	}
	o.Backplane, err = bus.backplane(r.name)
	return err
}

// close ends the stack first and its connections after it.
func (c *cache) close(ctx context.Context) error {
	return errors.Join(c.Stack.Close(ctx), c.disconnect())
}

func (c *cache) disconnect() error {
	var errs []error
	for _, l := range c.links {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}
