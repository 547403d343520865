// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package scale

import (
	"context"
	"strings"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
)

// latency is how long a call to the server takes.
const latency = time.Millisecond

// server is a distributed layer that counts its calls.
type server struct {
	store                  *localdist.Store
	values, headers, marks meter // reads
	writes                 meter
}

var _ core.Arbiter = (*server)(nil)

// Get implements core.DistributedLayer.
func (s *server) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if strings.Contains(key, ":m:") {
		s.marks.add()
	} else {
		s.values.add()
	}
	pass(latency)
	return s.store.Get(ctx, key)
}

// Set implements core.DistributedLayer.
func (s *server) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	s.writes.add()
	pass(latency)
	return s.store.Set(ctx, key, data, ttl)
}

// Delete implements core.DistributedLayer.
func (s *server) Delete(ctx context.Context, key string) error {
	s.writes.add()
	pass(latency)
	return s.store.Delete(ctx, key)
}

// Arbitrate implements core.Arbiter.
func (s *server) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	s.writes.add()
	pass(latency)
	return s.store.Arbitrate(ctx, key, w)
}

// ReadHeader implements core.Arbiter.
func (s *server) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	s.headers.add()
	pass(latency)
	return s.store.ReadHeader(ctx, key)
}
