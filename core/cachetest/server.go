// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package cachetest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Server is a [core.DistributedLayer] in memory that orders writes, as Redis and
// NATS do. It fails and is slow on command. It keeps everything; its entries end
// with their ttl. Safe for concurrent use.
type Server struct {
	script

	data    sync.Mutex
	entries map[string]stored
}

type stored struct {
	data []byte
	end  time.Time // zero: never
}

var (
	_ core.DistributedLayer = (*Server)(nil)
	_ core.Arbiter          = (*Server)(nil)
	_ core.Pinger           = (*Server)(nil)
)

// NewServer returns an empty server. All nodes that are to share it get the same
// one.
func NewServer() *Server { return &Server{entries: make(map[string]stored)} }

// Get implements [core.DistributedLayer].
func (s *Server) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := s.play(ctx); err != nil {
		return nil, false, err
	}
	s.data.Lock()
	defer s.data.Unlock()
	data, ok := s.live(key)
	return bytes.Clone(data), ok, nil
}

// Set implements [core.DistributedLayer].
func (s *Server) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	if err := s.play(ctx); err != nil {
		return err
	}
	s.data.Lock()
	defer s.data.Unlock()
	s.put(key, data, ttl)
	return nil
}

// Delete implements [core.DistributedLayer].
func (s *Server) Delete(ctx context.Context, key string) error {
	if err := s.play(ctx); err != nil {
		return err
	}
	s.data.Lock()
	defer s.data.Unlock()
	delete(s.entries, key)
	return nil
}

// Arbitrate implements [core.Arbiter].
func (s *Server) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if err := s.play(ctx); err != nil {
		return core.Ruling{}, err
	}
	s.data.Lock()
	defer s.data.Unlock()
	current, _ := s.live(key)
	d := w.Decide(current)
	if d.Store {
		s.put(key, d.Data, d.TTL)
	}
	return d.Ruling, nil
}

// ReadHeader implements [core.Arbiter].
func (s *Server) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	data, ok, err := s.Get(ctx, key)
	return data[:min(len(data), core.HeaderSize)], ok, err
}

// Ping implements [core.Pinger].
func (s *Server) Ping(ctx context.Context) error { return s.play(ctx) }

// Keys returns the keys of what the server holds, in order, as a stack names
// them: hybrid.KeyPrefixes begin them.
func (s *Server) Keys() []string {
	s.data.Lock()
	defer s.data.Unlock()
	return slices.Sorted(maps.Keys(s.entries))
}

// Clear forgets everything, as a server does that restarts.
func (s *Server) Clear() {
	s.data.Lock()
	defer s.data.Unlock()
	clear(s.entries)
}

// live returns what has not ended. The lock is held.
func (s *Server) live(key string) ([]byte, bool) {
	e, ok := s.entries[key]
	if ok && !e.end.IsZero() && !time.Now().Before(e.end) {
		delete(s.entries, key)
		ok = false
	}
	if !ok {
		return nil, false
	}
	return e.data, true
}

func (s *Server) put(key string, data []byte, ttl time.Duration) {
	e := stored{data: bytes.Clone(data)}
	if ttl != core.Forever {
		e.end = time.Now().Add(ttl)
	}
	s.entries[key] = e
}
