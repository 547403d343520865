// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package scale

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
)

// latency is how long a call to the server takes.
const latency = time.Millisecond

// server is a distributed layer that counts its calls, and that can be away.
type server struct {
	store                  *localdist.Store
	values, headers, marks meter // reads
	writes                 meter
	away                   atomic.Bool
}

var _ core.Arbiter = (*server)(nil)

var errAway = errors.New("the server is away")

// call counts a call, and waits until its answer is there.
func (s *server) call(m *meter) error {
	m.add()
	pass(latency)
	if s.away.Load() {
		return errAway
	}
	return nil
}

// Get implements core.DistributedLayer.
func (s *server) Get(ctx context.Context, key string) ([]byte, bool, error) {
	m := &s.values
	if strings.Contains(key, ":m:") {
		m = &s.marks
	}
	if err := s.call(m); err != nil {
		return nil, false, err
	}
	return s.store.Get(ctx, key)
}

// Set implements core.DistributedLayer.
func (s *server) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	if err := s.call(&s.writes); err != nil {
		return err
	}
	return s.store.Set(ctx, key, data, ttl)
}

// Delete implements core.DistributedLayer.
func (s *server) Delete(ctx context.Context, key string) error {
	if err := s.call(&s.writes); err != nil {
		return err
	}
	return s.store.Delete(ctx, key)
}

// Arbitrate implements core.Arbiter.
func (s *server) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if err := s.call(&s.writes); err != nil {
		return core.Ruling{}, err
	}
	return s.store.Arbitrate(ctx, key, w)
}

// ReadHeader implements core.Arbiter.
func (s *server) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	if err := s.call(&s.headers); err != nil {
		return nil, false, err
	}
	return s.store.ReadHeader(ctx, key)
}
