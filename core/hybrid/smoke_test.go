// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSmoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem, err := new(mapMemory), error(nil)
		if err != nil {
			t.Fatal(err)
		}
		l2, err := localdist.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		ser := jsonSerializer{}
		s, err := hybrid.New(hybrid.Options{Name: "app", Memory: mem, Distributed: l2, Serializer: ser, Defaults: core.EntryOptions{
			TTL: time.Minute, StaleTTL: 5 * time.Minute, Throttle: time.Minute, SoftTimeout: time.Second,
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(t.Context())
		c := hybrid.Must(hybrid.Of[int](s, "n"))
		calls := 0
		f := func(ctx context.Context, key string) (int, error) {
			calls++
			time.Sleep(50 * time.Millisecond)
			return 7, nil
		}
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				v, err := c.GetOrSet(t.Context(), "a", f)
				if v != 7 || err != nil {
					t.Error(v, err)
				}
			})
		}
		wg.Wait()
		if calls != 1 {
			t.Fatal(calls)
		}
		time.Sleep(61 * time.Second)
		boom := errors.New("boom")
		v, err := c.GetOrSet(t.Context(), "a", func(context.Context, string) (int, error) { return 0, boom })
		if v != 7 || err != nil {
			t.Fatal(v, err)
		}
		time.Sleep(250 * time.Second)
		_, err = c.GetOrSet(t.Context(), "a", func(context.Context, string) (int, error) { return 0, boom })
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		t.Log(err)
	})
}

func TestHitAllocs(t *testing.T) {
	mem := new(mapMemory)
	s, err := hybrid.New(hybrid.Options{Memory: mem})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	c := hybrid.Must(hybrid.Of[string](s, "n"))
	c.Set(t.Context(), "k", "v")
	f := func(ctx context.Context, key string) (string, error) { return "x", nil }
	if n := testing.AllocsPerRun(100, func() { c.GetOrSet(t.Context(), "k", f, core.TTL(time.Second), core.SoftTimeout(time.Second)) }); n != 0 {
		t.Fatal(n)
	}
	i := 0
	keys := make([]string, 3000)
	for j := range keys {
		keys[j] = string(rune('a'+j%26)) + time.Duration(j).String()
	}
	ctx := context.Background()
	t.Log(testing.AllocsPerRun(1000, func() { i++; c.GetOrSet(ctx, keys[i], f) }))
}
