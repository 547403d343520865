// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localdist

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// ErrClosed is wrapped by the error of every call after Close.
var ErrClosed = errors.New("store is closed")

var errTTL = errors.New("ttl must be positive")

// Store is a [core.DistributedLayer] in memory, bounded by entries and bytes.
// When it is full, it drops what has expired and then what expires next, which
// among entries of equal life is the oldest.
//
// It is safe for many goroutines at once, copies values in and out, and keeps a
// ttl to the nanosecond.
type Store struct {
	seed   maphash.Seed
	shards []shard
	start  time.Time
	closed atomic.Bool
}

var (
	_ core.DistributedLayer = (*Store)(nil)
	_ core.Pinger           = (*Store)(nil)
)

// New returns an empty store. A nil opts means all defaults. The error names
// every option that is wrong.
func New(opts *Options) (*Store, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Store{seed: maphash.MakeSeed(), shards: make([]shard, o.parts()), start: time.Now()}
	for i := range s.shards {
		s.shards[i].init(o.MaxEntries/len(s.shards), o.MaxBytes/int64(len(s.shards)))
	}
	return s, nil
}

// Get returns a copy of the bytes stored for key.
func (s *Store) Get(ctx context.Context, key string) (data []byte, ok bool, err error) {
	if err = ctx.Err(); err == nil {
		data, ok, err = s.shard(key).get(key, s.now())
	}
	if err != nil {
		return nil, false, fmt.Errorf("localdist: get %q: %w", key, err)
	}
	return slices.Clone(data), ok, nil
}

// Set stores a copy of data for ttl, which must be positive. An entry that can
// never fit is refused with [core.ErrTooLarge]; then nothing is stored for key.
func (s *Store) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	err := ctx.Err()
	if err == nil && ttl <= 0 {
		err = errTTL
	}
	if err == nil {
		now := s.now()
		err = s.shard(key).set(key, slices.Clone(data), now, end(now, ttl))
	}
	if err != nil {
		return fmt.Errorf("localdist: set %q: %w", key, err)
	}
	return nil
}

// Delete removes key.
func (s *Store) Delete(ctx context.Context, key string) error {
	err := ctx.Err()
	if err == nil {
		err = s.shard(key).delete(key)
	}
	if err != nil {
		return fmt.Errorf("localdist: delete %q: %w", key, err)
	}
	return nil
}

// Ping returns an error only if the store is closed or ctx is done.
func (s *Store) Ping(ctx context.Context) error {
	err := ctx.Err()
	if s.closed.Load() {
		err = ErrClosed
	}
	if err != nil {
		return fmt.Errorf("localdist: ping: %w", err)
	}
	return nil
}

// Len returns the number of entries, including expired ones whose memory has not
// been reused yet.
func (s *Store) Len() int {
	n := 0
	for i := range s.shards {
		n += s.shards[i].len()
	}
	return n
}

// Close forgets all entries; every later call returns an error. It may be called
// more than once and always returns nil.
func (s *Store) Close() error {
	s.closed.Store(true)
	for i := range s.shards {
		s.shards[i].close()
	}
	return nil
}

func (s *Store) shard(key string) *shard {
	return &s.shards[maphash.String(s.seed, key)%uint64(len(s.shards))]
}

// now returns the time since the store was made, which no change of the wall
// clock disturbs.
func (s *Store) now() time.Duration { return time.Since(s.start) }

// never is the end of what does not end.
const never time.Duration = math.MaxInt64

func end(now, ttl time.Duration) time.Duration {
	if ttl > never-max(now, 0) {
		return never
	}
	return now + ttl
}
