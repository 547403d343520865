// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// tracked is a server that tells the nodes whenever one of its keys changes, and
// counts what it is asked.
type tracked struct {
	*localdist.Store

	mu    sync.Mutex
	asked []string // for its keys, with the verb
	nodes []core.KeySubscriber
}

func (s *tracked) note(verb, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, verb+" "+key)
}

func (s *tracked) changed(key string) {
	s.mu.Lock()
	nodes := slices.Clone(s.nodes)
	s.mu.Unlock()
	for _, n := range nodes {
		n.Changed(key)
	}
}

// count returns how often a question was asked, and forgets.
func (s *tracked) count(question string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.asked {
		if a == question {
			n++
		}
	}
	s.asked = nil
	return n
}

func (s *tracked) Get(ctx context.Context, key string) ([]byte, bool, error) {
	s.note("get", key)
	return s.Store.Get(ctx, key)
}

func (s *tracked) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	s.note("header", key)
	return s.Store.ReadHeader(ctx, key)
}

func (s *tracked) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	r, err := s.Store.Arbitrate(ctx, key, w)
	if r.Stored {
		s.changed(key)
	}
	return r, err
}

// tracking is a backplane that brings what a server tells, too.
type tracking struct {
	core.Backplane
	server *tracked
}

func (b tracking) Subscribe(ctx context.Context, s core.Subscriber) error {
	b.server.mu.Lock()
	b.server.nodes = append(b.server.nodes, s.(core.KeySubscriber))
	b.server.mu.Unlock()
	return b.Backplane.Subscribe(ctx, s)
}

// startTracked returns n nodes on a server whose changes they hear of.
func startTracked(t *testing.T, n int) (*tracked, []*hybrid.Cache[int]) {
	t.Helper()
	server := &tracked{Store: hybrid.Must(localdist.New(nil))}
	bus := hybrid.Must(localbus.NewBus(nil))
	caches := make([]*hybrid.Cache[int], n)
	for i := range caches {
		caches[i] = open[int](t, hybrid.Options{
			Distributed: server, Backplane: tracking{bus.Channel(hybrid.Channel("app")), server},
			Defaults: core.EntryOptions{TTL: time.Hour},
		})
	}
	synctest.Wait()
	return server, caches
}

const fullKey = "app:1:e:v:k"

func TestChanged_OwnWritesCostOneHeaderEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, caches := startTracked(t, 2)
		f := &F[int]{results: []func() (int, error){returns(1)}}
		for _, write := range []func(){
			func() { set(t, caches[0], 1) },
			func() { _, _ = caches[0].Remove(t.Context(), "k"); expectAsk(t, caches[0], f, 1, 1) },
		} {
			write()
			synctest.Wait()
			server.count("")
			for range 10 {
				expectAsk(t, caches[0], f, 1, f.calls.Load())
			}
			headers := server.count("header " + fullKey)
			for range 10 {
				expectAsk(t, caches[0], f, 1, f.calls.Load())
			}
			if more := server.count("header "+fullKey) + server.count("get "+fullKey); headers != 1 || more != 0 {
				t.Errorf("the writer asked for %d headers at first and %d things later, want 1 and 0", headers, more)
			}
		}
		for range 10 {
			expectAsk(t, caches[1], f, 1, f.calls.Load())
		}
		if gets := server.count("get " + fullKey); gets != 1 {
			t.Errorf("the other node read %d times, want once", gets)
		}
	})
}

func TestChanged_ForeignWritesAreNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, caches := startTracked(t, 2)
		foreign := func(change func() error) {
			if err := change(); err != nil {
				t.Fatal(err)
			}
			server.changed(fullKey)
		}
		for _, change := range []func() error{
			func() error { return server.Store.Delete(t.Context(), fullKey) },
			func() error { return server.Store.Set(t.Context(), fullKey, []byte("not ours"), time.Hour) },
		} {
			set(t, caches[0], 1)
			synctest.Wait()
			for i, c := range caches {
				if v, ok, err := c.Get(t.Context(), "k"); v != 1 || !ok || err != nil {
					t.Errorf("node %d: %d, %t, %v", i, v, ok, err)
				}
			}
			foreign(change)
			for i, c := range caches {
				if v, ok, err := c.Get(t.Context(), "k"); ok || err != nil {
					t.Errorf("node %d: %d, %v; want a miss", i, v, err)
				}
			}
		}
	})
}

func TestChanged_ADeletedMarkOfEverythingIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, caches := startTracked(t, 1)
		set(t, caches[0], 1)
		time.Sleep(2 * time.Second)
		if err := server.Store.Delete(t.Context(), "app:1:m:"); err != nil {
			t.Fatal(err)
		}
		server.changed("app:1:m:")
		if v, ok, err := caches[0].Get(t.Context(), "k"); ok || err != nil {
			t.Errorf("%d, %v; want a miss", v, err)
		}
	})
}

func TestKeyPrefixes_BeginTheKeysOfAStack(t *testing.T) {
	want := []string{"a%3ab:1:e:", "a%3ab:1:m:"}
	if got := hybrid.KeyPrefixes("a:b"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
