// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// A write that passes the distributed layer by makes nothing good there: what the key
// owes must not be forgotten for it.
func TestOwed_IsNotSettledByAWriteThatSkipsTheLayer(t *testing.T) {
	aside := core.Without(core.SkipDistributedWrite)
	for name, later := range map[string]func(o *outage[int]) error{
		"Set": func(o *outage[int]) error { _, err := o.a.Set(context.Background(), "k", 3, aside); return err },
		"SetMany": func(o *outage[int]) error {
			_, err := o.a.SetMany(context.Background(), map[string]int{"k": 3, "other": 3}, aside)
			return err
		},
		"Expire": func(o *outage[int]) error { _, err := o.a.Expire(context.Background(), "k", aside); return err },
		"in the background": func(o *outage[int]) error {
			_, err := o.a.Set(context.Background(), "k", 3, aside, core.BackgroundWrites(true))
			synctest.Wait()
			return err
		},
		"that no node hears of": func(o *outage[int]) error {
			o.bus.down.Store(true)
			defer o.bus.down.Store(false)
			_, err := o.a.Set(context.Background(), "k", 3, aside)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			inOutage(t, func(t *testing.T, o *outage[int]) {
				set(t, o.a, 1)
				o.server.down.Store(true)
				if outcome, err := o.a.Remove(t.Context(), "k"); outcome != core.LocalOnly || err != nil {
					t.Fatalf("got %v, %v without the server", outcome, err)
				}
				if err := later(o); err != nil {
					t.Fatal(err)
				}
				o.server.down.Store(false)
				time.Sleep(2 * time.Minute) // longer than any fence
				if v, ok, err := o.b.Get(t.Context(), "k"); ok || err != nil {
					t.Errorf("the other node has %d, %v: it was removed", v, err)
				}
				if v, ok, _ := o.a.Get(t.Context(), "k"); (v != 3 || !ok) && strings.HasPrefix(name, "Set") {
					t.Errorf("the node itself has %d, %v, want what it has set for itself", v, ok)
				}
			})
		})
	}
}

// tight is a server that refuses what is longer than most, and leaves what it has.
type tight struct {
	*batched
	most int
}

func (s tight) fits(w core.Write) error {
	if len(w.Data) > s.most {
		return fmt.Errorf("%d bytes: %w", len(w.Data), core.ErrTooLarge)
	}
	return nil
}

func (s tight) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if err := s.fits(w); err != nil {
		return core.Ruling{}, err
	}
	return s.batched.Arbitrate(ctx, key, w)
}

func (s tight) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	out := make([]core.Ruled, len(writes))
	for i, w := range writes {
		out[i].Ruling, out[i].Err = s.Arbitrate(ctx, w.Key, w.Write)
	}
	return out, nil
}

// What is too large for the distributed layer alone is kept in memory, and nothing
// older stays there: as with what is above MaxPayload.
func TestOwed_NothingIsByAValueThatTheLayerCannotHold(t *testing.T) {
	small, large := strings.Repeat("s", 10), strings.Repeat("l", 1000)
	for name, write := range map[string]func(c *hybrid.Cache[string], server *batched) (core.Outcome, error){
		"Set": func(c *hybrid.Cache[string], _ *batched) (core.Outcome, error) {
			return c.Set(context.Background(), "k", large)
		},
		"SetMany": func(c *hybrid.Cache[string], _ *batched) (core.Outcome, error) {
			return c.SetMany(context.Background(), map[string]string{"k": large, "other": small})
		},
		"in the background": func(c *hybrid.Cache[string], _ *batched) (core.Outcome, error) {
			return c.Set(context.Background(), "k", large, core.BackgroundWrites(true))
		},
		"after an outage": func(c *hybrid.Cache[string], server *batched) (core.Outcome, error) {
			server.down.Store(true)
			defer server.down.Store(false)
			return c.Set(context.Background(), "k", large)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := tight{newBatched(), 500}
				c := open[string](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{TTL: time.Hour}})
				if outcome, err := c.SetMany(t.Context(), map[string]string{"k": small, "other": small}); outcome != core.Committed || err != nil {
					t.Fatalf("got %v, %v", outcome, err)
				}
				if outcome, err := write(c, server.batched); outcome != core.LocalOnly || err != nil {
					t.Errorf("got %v, %v, want local only", outcome, err)
				}
				time.Sleep(10 * time.Second)
				if v, ok, err := c.Get(t.Context(), "k"); v != large || !ok || err != nil {
					t.Errorf("memory has %d bytes, %v, %v", len(v), ok, err)
				}
				if data, _, _ := server.Store.Get(t.Context(), "app:1:e:v:k"); bytes.Contains(data, []byte(small)) {
					t.Errorf("the server still has %q", data)
				}
				if x, err := c.Explain(t.Context(), "k"); err != nil || !x.Owed.IsZero() {
					t.Errorf("it is owed for ever: %v", err)
				}
			})
		})
	}
}

func TestOwed_ARemovalThatIsMadeGoodIsReplayed(t *testing.T) {
	for name, call := range map[string]func(c *hybrid.Cache[int]) (core.Outcome, error){
		"Remove": func(c *hybrid.Cache[int]) (core.Outcome, error) { return c.Remove(context.Background(), "k") },
		"Expire": func(c *hybrid.Cache[int]) (core.Outcome, error) { return c.Expire(context.Background(), "k") },
	} {
		t.Run(name, func(t *testing.T) {
			inOutage(t, func(t *testing.T, o *outage[int]) {
				set(t, o.a, 1)
				h := tell(o.a)
				o.server.down.Store(true)
				if outcome, err := call(o.a); outcome != core.LocalOnly || err != nil {
					t.Fatalf("got %v, %v", outcome, err)
				}
				o.server.down.Store(false)
				time.Sleep(10 * time.Second)
				count := map[core.Kind]int{}
				for _, ev := range h.take() {
					count[ev.Kind]++
				}
				if count[core.Replayed] != 1 || count[core.ReplayDropped] != 0 {
					t.Errorf("%d replayed, %d dropped", count[core.Replayed], count[core.ReplayDropped])
				}
			})
		})
	}
}

// stuck is a server that takes its time to fail, while it is.
type stuck struct {
	*batched
	slow atomic.Bool
}

func (s *stuck) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if s.slow.Load() {
		time.Sleep(500 * time.Millisecond)
		return core.Ruling{}, errServer
	}
	return s.batched.Arbitrate(ctx, key, w)
}

// A write that could not wait for its turn is owed before the one that had it. If it
// was not for the distributed layer, that is still owed the earlier one.
func TestOwed_IsWhatTheLayerLacksBeforeWhatOnlyTheNodesLack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := hybrid.Must(localbus.NewBus(nil))
		server := &stuck{batched: newBatched()}
		node := func() *hybrid.Cache[int] {
			return open[int](t, hybrid.Options{
				Distributed: server, Backplane: bus.Channel(hybrid.Channel("app")), Defaults: core.EntryOptions{TTL: time.Hour},
			})
		}
		a, b := node(), node()
		synctest.Wait()
		set(t, a, 1)
		server.slow.Store(true)
		removed := make(chan struct{})
		go func() {
			defer close(removed)
			if outcome, err := a.Remove(context.Background(), "k"); outcome != core.LocalOnly || err != nil {
				t.Errorf("got %v, %v", outcome, err)
			}
		}()
		time.Sleep(100 * time.Millisecond)
		hurried, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, _ = a.Set(hurried, "k", 3, core.Without(core.SkipDistributedWrite))
		<-removed
		server.slow.Store(false)
		time.Sleep(2 * time.Minute)
		if v, ok, err := b.Get(t.Context(), "k"); ok || err != nil {
			t.Errorf("the other node has %d, %v: it was removed", v, err)
		}
	})
}
