// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localdist

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

var _ core.Arbiter = (*Store)(nil)

// Arbitrate implements [core.Arbiter]: it decides under the lock of the key.
func (s *Store) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	err := ctx.Err()
	if err == nil && w.TTL <= 0 {
		err = errTTL
	}
	var ruling core.Ruling
	if err == nil {
		ruling, err = s.shard(key).arbitrate(key, w, s.now())
	}
	if err != nil {
		return core.Ruling{}, fmt.Errorf("localdist: arbitrate %q: %w", key, err)
	}
	return ruling, nil
}

// ReadHeader implements [core.Arbiter].
func (s *Store) ReadHeader(ctx context.Context, key string) (header []byte, ok bool, err error) {
	data, ok, err := []byte(nil), false, ctx.Err()
	if err == nil {
		data, ok, err = s.shard(key).get(key, s.now())
	}
	if err != nil {
		return nil, false, fmt.Errorf("localdist: read header %q: %w", key, err)
	}
	return slices.Clone(data[:min(len(data), core.HeaderSize)]), ok, nil
}

func (s *shard) arbitrate(key string, w core.Write, now time.Duration) (core.Ruling, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return core.Ruling{}, ErrClosed
	}
	var current []byte
	if it, ok := s.items[key]; ok && now < it.end {
		current = it.data
	}
	d := w.Decide(current)
	if !d.Store {
		return d.Ruling, nil
	}
	return d.Ruling, s.put(key, slices.Clone(d.Data), now, end(now, d.TTL))
}
