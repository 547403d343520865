// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// batched is a distributed layer that does many things at once, and counts its calls
// for entries and for marks: one for a batch.
type batched struct {
	*localdist.Store
	gets, manyGets, writes, manyWrites atomic.Int64
	marks                              atomic.Int64
	down                               atomic.Bool
	broken                             atomic.Pointer[string] // the end of a key that fails
	slow                               slowness
}

func newBatched() *batched { return &batched{Store: hybrid.Must(localdist.New(nil))} }

func (b *batched) enter(ctx context.Context, n *atomic.Int64, key string) error {
	if strings.Contains(key, ":1:e:") {
		n.Add(1)
	} else {
		b.marks.Add(1)
	}
	if err := b.slow.pass(ctx); err != nil {
		return err
	}
	if bad := b.broken.Load(); b.down.Load() || bad != nil && strings.HasSuffix(key, *bad) {
		return errServer
	}
	return nil
}

func (b *batched) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := b.enter(ctx, &b.gets, key); err != nil {
		return nil, false, err
	}
	return b.Store.Get(ctx, key)
}

func (b *batched) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if err := b.enter(ctx, &b.writes, key); err != nil {
		return core.Ruling{}, err
	}
	return b.Store.Arbitrate(ctx, key, w)
}

func (b *batched) Ping(ctx context.Context) error {
	if b.down.Load() {
		return errServer
	}
	return b.Store.Ping(ctx)
}

func (b *batched) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	if err := b.enter(ctx, &b.manyGets, keys[0]); err != nil && b.broken.Load() == nil {
		return nil, err
	}
	out, err := b.Store.GetMany(ctx, keys)
	for i, key := range keys {
		if bad := b.broken.Load(); bad != nil && strings.HasSuffix(key, *bad) {
			out[i] = core.Got{Err: errServer}
		}
	}
	return out, err
}

func (b *batched) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	if err := b.enter(ctx, &b.manyWrites, writes[0].Key); err != nil {
		return nil, err
	}
	out := make([]core.Ruled, len(writes))
	for i, w := range writes {
		if bad := b.broken.Load(); bad != nil && strings.HasSuffix(w.Key, *bad) {
			out[i].Err = errServer
			continue
		}
		out[i].Ruling, out[i].Err = b.Store.Arbitrate(ctx, w.Key, w.Write)
	}
	return out, nil
}

// M is a scripted factory of many: every key has its length as value, but for those
// in without and failing.
type M struct {
	delay   time.Duration
	without []string
	failing core.KeyErrors[string]
	err     error

	mu    sync.Mutex
	asked [][]string
}

func (m *M) load(ctx context.Context, keys []string) (map[string]int, error) {
	m.mu.Lock()
	m.asked = append(m.asked, slices.Sorted(slices.Values(keys)))
	m.mu.Unlock()
	if err := pause(ctx, m.delay, false); err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, key := range keys {
		if m.failing[key] == nil && !slices.Contains(m.without, key) {
			out[key] = len(key)
		}
	}
	if m.failing != nil {
		return out, m.failing
	}
	return out, m.err
}

// calls returns what the factory was asked for, each call's keys joined.
func (m *M) calls() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, keys := range m.asked {
		out = append(out, strings.Join(keys, " "))
	}
	return out
}

// times returns how often each key was asked for.
func (m *M) times() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]int{}
	for _, keys := range m.asked {
		for _, key := range keys {
			out[key]++
		}
	}
	return out
}

// expectMany checks the outcome of a call that must not fail. Every key in want has
// its length as value.
func expectMany(t *testing.T, got map[string]int, err error, want string) {
	t.Helper()
	keys := strings.Fields(want)
	if err != nil || len(got) != len(keys) {
		t.Errorf("got %v, %v, want %s", got, err, want)
	}
	for _, key := range keys {
		if got[key] != len(key) {
			t.Errorf("got %v, want the lengths of %s", got, want)
		}
	}
}

func expectAsked(t *testing.T, m *M, want ...string) {
	t.Helper()
	if got := m.calls(); !slices.Equal(got, want) {
		t.Errorf("the factory was asked for %q, want %q", got, want)
	}
}

// keyErrors returns the errors of single keys in err.
func keyErrors(t *testing.T, err error) core.KeyErrors[string] {
	t.Helper()
	errs, ok := errors.AsType[core.KeyErrors[string]](err)
	if !ok {
		t.Fatalf("got %v, want errors of keys", err)
	}
	return errs
}

func failedKeys(t *testing.T, err error) string {
	t.Helper()
	return strings.Join(slices.Sorted(maps.Keys(keyErrors(t, err))), " ")
}

func loadOne(context.Context, string) (int, error) { return 1, nil }
