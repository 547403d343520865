// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func explain(t *testing.T, c *hybrid.Cache[int], opts ...core.Option) hybrid.Explanation {
	t.Helper()
	x, err := c.Explain(t.Context(), "k", opts...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// contains checks that the text of an explanation says what is wanted.
func contains(t *testing.T, x hybrid.Explanation, want ...string) {
	t.Helper()
	text := x.String()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in\n%s", w, text)
		}
	}
}

func TestExplain_BothLevels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := hybrid.Must(localbus.NewBus(nil))
		c := open[int](t, hybrid.Options{
			Distributed: newBatched(), Backplane: bus.Channel(hybrid.Channel("app")),
			Defaults: core.EntryOptions{TTL: time.Minute, DistributedTTL: time.Hour, StaleTTL: 2 * time.Hour},
		})
		synctest.Wait()
		contains(t, explain(t, c), `key "v:k" of stack "app"`, "memory: nothing", "distributed: nothing", "in step")
		_, _ = c.Set(t.Context(), "k", 123456, core.Tags("a"))
		time.Sleep(time.Second)
		x := explain(t, c)
		if !x.Trusted || x.Marks != "valid" || x.Memory.Remaining != 59*time.Second || x.Distributed.Remaining != time.Hour-time.Second ||
			!x.Memory.Version.Same(x.Distributed.Version) || x.Memory.Age != time.Second || x.Distributed.Size == 0 || x.Fence.IsZero() {
			t.Errorf("got %+v", x)
		}
		contains(t, x, "fresh for 59s", `tags ["a"]`, "believed: true")
		if strings.Contains(x.String(), "123456") {
			t.Errorf("the value is in\n%s", x)
		}
		_, _ = c.Expire(t.Context(), "k")
		_, _ = c.Stack().ExpireByTag(t.Context(), "a")
		contains(t, explain(t, c), "memory: stale", "distributed: stale", "marks: expired")
		_, _ = c.Remove(t.Context(), "k")
		contains(t, explain(t, c), "memory: nothing", "distributed: the mark of a removal", "nothing older than write")
	})
}

func TestExplain_LoadsReadsAndFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		c := open[int](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{ErrorBackoff: time.Minute}})
		f := &F[int]{delay: time.Minute, results: []func() (int, error){fails[int](errBoom)}}
		for range 3 {
			go func() { _, _ = c.GetOrSet(t.Context(), "k", f.load) }()
		}
		time.Sleep(time.Second)
		if x := explain(t, c); x.Load != (hybrid.Flight{UnderWay: true, For: time.Second, Waiting: 3}) || x.Read.UnderWay {
			t.Errorf("got %+v", x)
		}
		time.Sleep(time.Minute)
		x := explain(t, c)
		if !errors.Is(x.Backoff, errBoom) || x.BackoffLeft != time.Minute-time.Second || x.Load.UnderWay {
			t.Errorf("got %+v", x)
		}
		contains(t, x, "left alone for 59s after: factory: boom")
	})
}

func TestExplain_AServerThatIsAwayOrHoldsSomethingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		c := open[int](t, hybrid.Options{Distributed: server})
		server.down.Store(true)
		_, _ = c.Set(t.Context(), "k", 1)
		x := explain(t, c)
		if !errors.Is(x.Unread, errServer) || x.Owed.IsZero() || x.Node.Debts != 1 {
			t.Errorf("got %+v", x)
		}
		if !errors.Is(x.Health.Distributed, errServer) {
			t.Errorf("health %+v", x.Health)
		}
		contains(t, x, "no answer: server is down", "distributed layer to a ping: server is down", "a write of this node may not have reached", "keys whose last write it owes the others: 1")
		contains(t, explain(t, c, core.Without(core.SkipDistributed)), "distributed: not asked")
		server.down.Store(false)
		time.Sleep(time.Minute)
		contains(t, explain(t, c), "distributed: fresh")
		key := hybrid.KeyPrefixes("app")[0] + "v:k"
		_ = server.Store.Set(t.Context(), key, []byte("something else"), time.Hour)
		contains(t, explain(t, c), "14 bytes that are not ours")
		if _, err := c.Explain(t.Context(), ""); !errors.Is(err, core.ErrKey) {
			t.Errorf("got %v", err)
		}
	})
}
