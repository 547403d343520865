// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// slowQuery is how long a query takes while the database is slow, and slowAnswer
// what a client waits for it at least.
const (
	slowQuery  = 2 * time.Second
	slowAnswer = slowQuery * 3 / 4
)

// clients send requests to the nodes, by HTTP, and judge what comes back. Safe
// for concurrent use.
type clients struct {
	http     *http.Client
	nodes    []*node
	database *database // for its condition only
	clock    *stopwatch
	auditor  *auditor
	ledger   *ledger
	meter    *meter
	popular  int // the products that traffic asks for: 1 to popular

	quiet   atomic.Bool // no price changes
	excused atomic.Bool // nodes cannot tell each other; old prices are excused
}

func newClients(nodes []*node, db *database, a *auditor, products int) *clients {
	transport := &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute}
	return &clients{
		http:     &http.Client{Transport: transport, Timeout: 15 * time.Second},
		nodes:    nodes,
		database: db,
		clock:    newStopwatch(),
		auditor:  a,
		ledger:   newLedger(),
		meter:    &meter{},
		popular:  products - reserved,
	}
}

func (c *clients) close() { c.http.CloseIdleConnections() }

// get asks a node for a product and judges the answer.
func (c *clients) get(ctx context.Context, n *node, id int) (Product, bool) {
	return c.ask(ctx, c.http, n, id)
}

func (c *clients) ask(ctx context.Context, via *http.Client, n *node, id int) (Product, bool) {
	held, excused, down := n.witness.saw(id), c.excused.Load(), c.database.down()
	there := held || down && c.auditor.any(ctx, id)
	asked, begin := c.clock.now(), time.Now()
	p, status, err := fetch(ctx, via, http.MethodGet, n.url(id))
	took, ran := time.Since(begin), c.clock.now()-asked
	if ctx.Err() != nil {
		return p, false // the show is over; that is nobody's fault
	}
	if err != nil || status != http.StatusOK {
		down = down || c.database.down()
		empty := status == http.StatusServiceUnavailable && down && !there
		c.meter.add(took, func(m *counts) { m.refused(empty) })
		return p, false
	}
	fault := c.ledger.judge(id, p, asked)
	c.meter.add(took, func(m *counts) { m.answered(fault, excused, held && ran >= slowAnswer) })
	return p, fault != wrong
}

// refused counts an error; empty means that there was nothing to serve.
func (c *counts) refused(empty bool) {
	if empty {
		c.empty++
	} else {
		c.refusals++
	}
}

// answered counts an answer.
func (c *counts) answered(f fault, excused, waited bool) {
	c.answers++
	switch {
	case f == wrong:
		c.wrong++
	case f == outdated && excused:
		c.excused++
	case f == outdated:
		c.outdated++
	}
	if waited {
		c.waits++
	}
}

// setPrice changes a price by way of a node. It reports whether that worked.
func (c *clients) setPrice(ctx context.Context, n *node, id int, cents int64) (Product, bool) {
	p, status, err := fetch(ctx, c.http, http.MethodPut, n.url(id)+"/price?"+url.Values{"cents": {fmt.Sprint(cents)}}.Encode())
	if err != nil || status != http.StatusOK {
		return p, false
	}
	c.ledger.changed(p, c.clock.now())
	c.meter.wrote()
	return p, true
}

// fetch sends a request and decodes the product that answers it.
func fetch(ctx context.Context, via *http.Client, method, url string) (p Product, status int, err error) {
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return p, 0, err
	}
	resp, err := via.Do(req)
	if err != nil {
		return p, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		_, _ = io.Copy(io.Discard, resp.Body)
		return p, resp.StatusCode, nil
	}
	return p, resp.StatusCode, json.NewDecoder(resp.Body).Decode(&p)
}

// take returns a node that is in service, and what gives it back.
func (c *clients) take() (n *node, release func()) {
	first := rand.IntN(len(c.nodes))
	for i := range c.nodes {
		n = c.nodes[(first+i)%len(c.nodes)]
		if n.busy.TryRLock() {
			return n, n.busy.RUnlock
		}
	}
	n.busy.RLock()
	return n, n.busy.RUnlock
}

// The traffic: so many readers, and a price change in every writePause.
const (
	readers    = 256
	writePause = 250 * time.Millisecond
)

// traffic sends rate requests per second until ctx ends.
func (c *clients) traffic(ctx context.Context, rate int) {
	var all sync.WaitGroup
	for range readers {
		all.Go(func() { c.read(ctx, readers*time.Second/time.Duration(rate)) })
	}
	all.Go(func() { c.write(ctx) })
	all.Go(func() { c.clock.run(ctx) })
	all.Wait()
}

// read asks for popular products, one in each interval on average.
func (c *clients) read(ctx context.Context, interval time.Duration) {
	choose := c.zipf()
	for pause(ctx, rand.N(2*interval)) == nil {
		n, release := c.take()
		c.get(ctx, n, choose())
		release()
	}
}

// write changes prices of popular products.
func (c *clients) write(ctx context.Context) {
	choose := c.zipf()
	for pause(ctx, writePause) == nil {
		if c.quiet.Load() {
			continue
		}
		n, release := c.take()
		c.setPrice(ctx, n, choose(), rand.Int64N(100_000))
		release()
	}
}

// zipf returns a source of product numbers that few are often and many seldom
// asked for, as in any shop. Not safe for concurrent use.
func (c *clients) zipf() func() int {
	z := rand.NewZipf(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), 1.3, 8, uint64(c.popular-1))
	return func() int { return 1 + int(z.Uint64()) }
}

// crowd sends n requests for one product at the same moment, each on a connection
// of its own that is there already, the i-th to node(i). It returns how many failed.
func (c *clients) crowd(ctx context.Context, n, id int, node func(i int) *node) (failed int) {
	var ready, done sync.WaitGroup
	var failures atomic.Int64
	begin := make(chan struct{})
	dialling := make(chan struct{}, 32)
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport, Timeout: c.http.Timeout}
			dialling <- struct{}{}
			c.ask(ctx, client, node(i), 1)
			<-dialling
			ready.Done()
			<-begin
			if _, ok := c.ask(ctx, client, node(i), id); !ok {
				failures.Add(1)
			}
		})
	}
	ready.Wait()
	close(begin)
	done.Wait()
	return int(failures.Load())
}
