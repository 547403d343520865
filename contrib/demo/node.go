// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/plugins/stats"
)

// node is one process of the service, as far as one process can have three: an
// HTTP server with a cache of its own.
type node struct {
	name    string
	addr    string // host:port; the same after a restart
	counter *stats.Plugin
	witness *witness

	// busy is locked while the node is not in service. Clients hold it for
	// reading, which makes them go to another node, as a load balancer does.
	busy sync.RWMutex

	cache   *cache
	server  *http.Server
	serving chan error
}

// start opens the cache and begins to serve.
func (n *node) start(ctx context.Context, r *recipe, db *database) error {
	c, err := r.open(ctx, n.counter)
	if err != nil {
		return fmt.Errorf("node %s: %w", n.name, err)
	}
	products, err := newCatalog(c.Stack, db)
	if err != nil {
		return errors.Join(fmt.Errorf("node %s: %w", n.name, err), c.close(ctx))
	}
	listener, err := net.Listen("tcp", n.addr)
	if err != nil {
		return errors.Join(fmt.Errorf("node %s: %w", n.name, err), c.close(ctx))
	}
	n.cache, n.addr = c, listener.Addr().String()
	n.server = &http.Server{Handler: routes(products), ReadHeaderTimeout: 5 * time.Second}
	n.serving = make(chan error, 1)
	go func() { n.serving <- n.server.Serve(listener) }()
	return nil
}

// stop finishes what is being served, and then the cache. It may be called for a
// node that was never started.
func (n *node) stop(ctx context.Context) error {
	if n.server == nil {
		return nil
	}
	err := n.server.Shutdown(ctx)
	if ended := <-n.serving; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	n.server = nil
	if err = errors.Join(err, n.cache.close(ctx)); err != nil {
		return fmt.Errorf("node %s: %w", n.name, err)
	}
	return nil
}

// url returns the address of a product.
func (n *node) url(id int) string { return "http://" + n.addr + "/products/" + strconv.Itoa(id) }

// outcomeHeader tells the client of a write how far it got.
const outcomeHeader = "X-Cache-Outcome"

// routes is the HTTP face of the catalogue.
func routes(c *catalog) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.PathValue("id"))
		if err != nil {
			http.Error(w, "the id must be a number", http.StatusBadRequest)
			return
		}
		p, err := c.product(r.Context(), id)
		answer(w, p, err)
	})
	mux.HandleFunc("PUT /products/{id}/price", func(w http.ResponseWriter, r *http.Request) {
		id, err1 := strconv.Atoi(r.PathValue("id"))
		cents, err2 := strconv.ParseInt(r.FormValue("cents"), 10, 64)
		if err1 != nil || err2 != nil || cents < 0 {
			http.Error(w, "the id and cents must be numbers", http.StatusBadRequest)
			return
		}
		p, outcome, err := c.setPrice(r.Context(), id, cents)
		w.Header().Set(outcomeHeader, outcome.String())
		answer(w, p, err)
	})
	return mux
}

// answer sends a product, or why there is none.
func answer(w http.ResponseWriter, p Product, err error) {
	switch {
	case errors.Is(err, errNotFound):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(p) // the client has gone: nobody to tell
	}
}
