// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package slogplug_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/slogplug"
)

type memory struct{ entries sync.Map }

func (m *memory) Get(key string) (*core.Entry, bool) {
	e, ok := m.entries.Load(strings.Clone(key))
	if !ok {
		return nil, false
	}
	return e.(*core.Entry), true
}

func (m *memory) Set(key string, e *core.Entry) error { m.entries.Store(key, e); return nil }
func (m *memory) Delete(key string)                   { m.entries.Delete(strings.Clone(key)) }

const canary = "canary-value-4711"

func TestSeed_OB1_HitsAreNotLoggedAndValuesNever(t *testing.T) {
	hits := 1_000_000
	if testing.Short() {
		hits = 10_000
	}
	b := &book{level: slog.LevelInfo}
	cache, stop := open(t, b, nil)
	ctx := t.Context()
	load := func(context.Context, string) (string, error) { return canary, nil }
	for range hits {
		if v, err := cache.GetOrSet(ctx, "bob@example.org", load); err != nil || v != canary {
			t.Fatal(v, err)
		}
	}
	stop()
	if got := len(b.all()); got != 0 {
		t.Errorf("%d records of %d hits:\n%s", got, hits, b.text())
	}
}

// With everything that can be logged switched on, and much going wrong, neither
// a value nor a key gets into the log.
func TestSeed_OB1_ValuesAndKeysAreNeverLogged(t *testing.T) {
	levels := map[core.Kind]slog.Level{}
	for _, k := range kinds() {
		levels[k] = slog.LevelInfo
	}
	b := &book{level: slog.LevelDebug}
	cache, stop := open(t, b, &slogplug.Options{Levels: levels, Limit: -1})
	ctx := t.Context()
	for i := range 100 {
		key := fmt.Sprintf("bob-%d@example.org", i)
		_, _ = cache.GetOrSet(ctx, key, func(context.Context, string) (string, error) {
			if i%3 == 0 {
				return canary, fmt.Errorf("no row for %q", key)
			}
			if i%5 == 0 {
				panic(canary)
			}
			return canary, nil
		})
		_, _, _ = cache.Get(ctx, key)
		_, _ = cache.Set(ctx, key, canary)
		_, _ = cache.Expire(ctx, key)
		_, _ = cache.GetOrSet(ctx, key, func(context.Context, string) (string, error) { return canary, errors.New("down") })
		_, _ = cache.Remove(ctx, key)
	}
	stop()
	if len(b.all()) < 500 {
		t.Errorf("only %d records, the test proves little", len(b.all()))
	}
	for _, secret := range []string{"canary", "example.org"} {
		if at := strings.Index(b.text(), secret); at >= 0 {
			t.Errorf("%q is in the log: %.200s", secret, b.text()[max(0, at-100):])
		}
	}
}

func open(t *testing.T, b *book, opts *slogplug.Options) (*hybrid.Cache[string], func()) {
	t.Helper()
	p, err := slogplug.New(slog.New(b), opts)
	if err != nil {
		t.Fatal(err)
	}
	stack, err := hybrid.New(hybrid.Options{Name: "shop", Memory: &memory{}, Plugins: []core.Plugin{p}})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := hybrid.Of[string](stack, "users")
	if err != nil {
		t.Fatal(err)
	}
	return cache, func() {
		if err := stack.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
