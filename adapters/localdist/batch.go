// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localdist

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

var (
	_ core.BatchReader  = (*Store)(nil)
	_ core.BatchArbiter = (*Store)(nil)

	_ core.BatchHeaderReader = (*Store)(nil)
)

// GetMany implements [core.BatchReader].
func (s *Store) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	out := make([]core.Got, len(keys))
	for i, key := range keys {
		g := &out[i]
		g.Data, g.OK, g.Err = s.Get(ctx, key)
	}
	return out, nil
}

// ReadHeaders implements [core.BatchHeaderReader].
func (s *Store) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	out := make([]core.Got, len(keys))
	for i, key := range keys {
		g := &out[i]
		g.Data, g.OK, g.Err = s.ReadHeader(ctx, key)
	}
	return out, nil
}

// ArbitrateMany implements [core.BatchArbiter].
func (s *Store) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	out := make([]core.Ruled, len(writes))
	for i, w := range writes {
		out[i].Ruling, out[i].Err = s.Arbitrate(ctx, w.Key, w.Write)
	}
	return out, nil
}
