// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// spy counts what a node asks of its distributed layer about entries; what it
// asks about marks, every few seconds, is left out.
type spy struct {
	core.DistributedLayer
	reads, headers, writes, deletes atomic.Int64

	// afterWrite, if it is there, is called after each write that succeeds.
	afterWrite atomic.Pointer[func()]
}

// seen returns the spy as a layer with the abilities of what is behind it.
func (s *spy) seen() core.DistributedLayer {
	if a, ok := core.As[core.Arbiter](s.DistributedLayer); ok {
		return arbiterSpy{s, a}
	}
	return s
}

// Unwrap leads to abilities that are not counted.
func (s *spy) Unwrap() core.DistributedLayer { return s.DistributedLayer }

// Get implements core.DistributedLayer.
func (s *spy) Get(ctx context.Context, key string) ([]byte, bool, error) {
	count(&s.reads, key)
	return s.DistributedLayer.Get(ctx, key)
}

// Set implements core.DistributedLayer.
func (s *spy) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	count(&s.writes, key)
	err := s.DistributedLayer.Set(ctx, key, data, ttl)
	s.written(key, err)
	return err
}

// Delete implements core.DistributedLayer.
func (s *spy) Delete(ctx context.Context, key string) error {
	count(&s.deletes, key)
	return s.DistributedLayer.Delete(ctx, key)
}

func (s *spy) written(key string, err error) {
	if hook := s.afterWrite.Load(); hook != nil && err == nil && isEntry(key) {
		(*hook)()
	}
}

// arbiterSpy is a spy on a layer that orders writes.
type arbiterSpy struct {
	*spy
	arbiter core.Arbiter
}

// Arbitrate implements core.Arbiter.
func (s arbiterSpy) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	count(&s.writes, key)
	r, err := s.arbiter.Arbitrate(ctx, key, w)
	s.written(key, err)
	return r, err
}

// ReadHeader implements core.Arbiter.
func (s arbiterSpy) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	count(&s.headers, key)
	return s.arbiter.ReadHeader(ctx, key)
}

func count(n *atomic.Int64, key string) {
	if isEntry(key) {
		n.Add(1)
	}
}

// isEntry tells entries from marks, by the documented layout of keys.
func isEntry(key string) bool { return strings.Contains(key, ":1:e:") }
