// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSpec33_Q3_LockIsReleasedOnEveryPath(t *testing.T) {
	for name, load := range map[string]func(c *cluster, l *hybrid.Load[int]) (int, error){
		"value":       func(*cluster, *hybrid.Load[int]) (int, error) { return 1, nil },
		"error":       func(*cluster, *hybrid.Load[int]) (int, error) { return 0, errBoom },
		"not found":   func(*cluster, *hybrid.Load[int]) (int, error) { return 0, core.ErrNotFound },
		"panic":       func(*cluster, *hybrid.Load[int]) (int, error) { panic("x") },
		"Goexit":      func(*cluster, *hybrid.Load[int]) (int, error) { runtime.Goexit(); return 0, nil },
		"Skip":        func(_ *cluster, l *hybrid.Load[int]) (int, error) { l.Skip(); return 1, nil },
		"bad options": func(_ *cluster, l *hybrid.Load[int]) (int, error) { l.Options(core.TTL(-1)); return 1, nil },
		"no write": func(_ *cluster, l *hybrid.Load[int]) (int, error) {
			l.Options(core.Without(core.SkipDistributedWrite))
			return 1, nil
		},
		"failed write": func(c *cluster, _ *hybrid.Load[int]) (int, error) { c.down.Store(true); return 1, nil },
		"timeout":      func(*cluster, *hybrid.Load[int]) (int, error) { time.Sleep(4 * time.Second); return 1, nil },
	} {
		for way, opt := range map[string]core.Option{"": {}, ", in background": core.BackgroundWrites(true)} {
			t.Run(name+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := locked()
					o.HardTimeout = 3 * time.Second
					c := startCluster(t, 1, o)
					_, _ = c.nodes[0].GetOrRefresh(t.Context(), "k", func(_ context.Context, l *hybrid.Load[int]) (int, error) {
						return load(c, l)
					}, opt)
					time.Sleep(2 * time.Second)
					expectCount(t, "tries", &c.locks.tries, 1)
					if lease, err := c.locks.Locker.TryLock(t.Context(), "app:1:l:v:k", time.Hour); err != nil || lease == nil {
						t.Errorf("the lock is not free: %v, %v", lease, err)
					}
				})
			})
		}
	}
}

// A caller who goes leaves no lock behind, either.
func TestSpec33_Q3_LockIsReleasedWhenItsCallerHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 1, locked())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		f := &F[int]{delay: 2 * time.Second, results: []func() (int, error){returns(1)}}
		_, _ = c.nodes[0].GetOrSet(ctx, "k", f.load, core.CancelOnTimeout(true))
		time.Sleep(2 * time.Second)
		if lease, err := c.locks.Locker.TryLock(t.Context(), "app:1:l:v:k", time.Hour); err != nil || lease == nil {
			t.Errorf("the lock is not free: %v, %v", lease, err)
		}
	})
}

// recorder keeps the messages of a bus.
type recorder struct {
	mu       sync.Mutex
	messages [][]byte
}

func (*recorder) Joined(bool) {}

func (r *recorder) Message(msg []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, append([]byte(nil), msg...))
}

func TestSpec33_Q14_OldMessagesRemoveNothingNewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, old := newNetwork(t), new(recorder)
		channel := net.bus.Channel(hybrid.Channel("app"))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = channel.Subscribe(ctx, old) }()
		o := core.EntryOptions{TTL: time.Hour, StaleTTL: 2 * time.Hour}
		a, b := open[int](t, net.join(o)), open[int](t, net.join(o))
		time.Sleep(5 * time.Second)
		set(t, a, 1)
		_, _ = a.Remove(t.Context(), "k")
		set(t, a, 1)
		_, _ = a.Expire(t.Context(), "k")
		_, _ = a.Stack().Clear(t.Context())
		_, _ = a.Stack().ExpireAll(t.Context())
		synctest.Wait()
		set(t, a, 2)
		synctest.Wait()
		expectHit(t, b, 2)
		for _, msg := range old.messages {
			if err := channel.Publish(t.Context(), msg); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			expectHit(t, b, 2)
			expectHit(t, a, 2)
		}
		if len(old.messages) < 6 {
			t.Errorf("only %d messages were sent again", len(old.messages))
		}
	})
}

// poisoned is a layer that refuses to store one key until it is cured.
type poisoned struct {
	core.DistributedLayer
	cured atomic.Bool
}

func (p *poisoned) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if !p.cured.Load() && strings.HasSuffix(key, ":poison") {
		return errServer
	}
	return p.DistributedLayer.Set(ctx, key, value, ttl)
}

func TestSpec33_Q19_WriteThatNeverSucceedsHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		layer := &poisoned{DistributedLayer: s.plain()}
		c := open[int](t, hybrid.Options{Distributed: layer, Defaults: core.EntryOptions{TTL: time.Hour}})
		s.down.Store(true)
		_, _ = c.Set(t.Context(), "poison", 1)
		for i := range 50 {
			_, _ = c.Set(t.Context(), fmt.Sprint(i), i)
		}
		s.down.Store(false)
		time.Sleep(10 * time.Second)
		other := open[int](t, hybrid.Options{Distributed: s.plain()})
		for i := range 50 {
			if v, ok, err := other.Get(t.Context(), fmt.Sprint(i)); v != i || !ok || err != nil {
				t.Errorf("%d: %v, %v, %v", i, v, ok, err)
			}
		}
		if _, ok, _ := other.Get(t.Context(), "poison"); ok {
			t.Error("the poisoned write is there")
		}
		layer.cured.Store(true)
		time.Sleep(time.Minute)
		if v, ok, err := other.Get(t.Context(), "poison"); v != 1 || !ok || err != nil {
			t.Errorf("the poisoned write at last: %v, %v, %v", v, ok, err)
		}
	})
}
