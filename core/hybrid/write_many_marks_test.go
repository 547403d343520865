// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// hundred are keys of different lengths, each with a value.
func hundred() map[string]int {
	out := map[string]int{}
	for i := range 100 {
		out[strings.Repeat("k", i+1)] = i + 1
	}
	return out
}

// tagged returns a view of a stack on s where every key has a tag of its own.
func tagged(t *testing.T, s *batched, limit time.Duration) *hybrid.Cache[int] {
	c := open[int](t, hybrid.Options{Distributed: s, Defaults: core.EntryOptions{DistributedTimeout: limit}})
	return c.PerKey(func(key string) []core.Option { return []core.Option{core.Tags("tag of " + key)} })
}

func TestSetMany_WaitsOnceForAServerThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		c := tagged(t, server, time.Second)
		_, _ = c.SetMany(t.Context(), hundred())
		time.Sleep(time.Minute) // no mark is known for certain any more
		server.slow.be(hang)
		start := time.Now()
		outcome, err := c.SetMany(t.Context(), hundred())
		expectOutcome(t, outcome, err, core.LocalOnly)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("took %v, want one timeout for the marks and one for the writes", took)
		}
		server.slow.be(0)
		time.Sleep(time.Minute)
		if got, err := tagged(t, server, time.Second).GetMany(t.Context(), []string{"k", "kk", "kkk"}); len(got) != 3 || err != nil {
			t.Errorf("another node finds %v, %v, want what was made good", got, err)
		}
	})
}

func TestSetMany_ReadsTheMarksOfAllKeysInOneRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		_, _ = tagged(t, server, time.Hour).SetMany(t.Context(), hundred())
		c := tagged(t, server, time.Hour)
		time.Sleep(time.Minute)
		server.marks.Store(0)
		outcome, err := c.SetMany(t.Context(), hundred())
		expectOutcome(t, outcome, err, core.Committed)
		if n := server.marks.Load(); n != 1 {
			t.Errorf("asked %d times for marks, want 1", n)
		}
	})
}

func TestSetMany_MakesNewMarksSeveralAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		c := tagged(t, server, time.Hour)
		server.slow.be(100 * time.Millisecond)
		start := time.Now()
		outcome, err := c.SetMany(t.Context(), hundred())
		expectOutcome(t, outcome, err, core.Committed)
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %v, want one look, four times a look and a write of 32 marks, and one write", took)
		}
	})
}
