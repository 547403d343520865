// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// countedBus counts the subscriptions.
type countedBus struct {
	core.Backplane
	subscriptions atomic.Int64
}

func (b *countedBus) Subscribe(ctx context.Context, s core.Subscriber) error {
	b.subscriptions.Add(1)
	defer b.subscriptions.Add(-1)
	return b.Backplane.Subscribe(ctx, s)
}

// closable returns a view "v" that the test closes itself.
func closable(t *testing.T, o hybrid.Options) *hybrid.Cache[int] {
	t.Helper()
	o.Name, o.Memory, o.Serializer = "app", new(mapMemory), jsonSerializer{}
	s, err := hybrid.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return hybrid.Must(hybrid.Of[int](s, "v"))
}

// closeWithin closes the stack of c with a context of d.
func closeWithin(t *testing.T, c *hybrid.Cache[int], d time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	return c.Stack().Close(ctx)
}

// The bubble proves that no goroutine is left: it does not end before.
func TestSeed_CM9_CloseFlushesUnsubscribesAndRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		bus := &countedBus{Backplane: net.bus.Channel(hybrid.Channel("app"))}
		c := closable(t, hybrid.Options{Distributed: net.server, Backplane: bus, Defaults: core.EntryOptions{BackgroundWrites: true}})
		synctest.Wait()
		expectCount(t, "subscriptions", &bus.subscriptions, 1)
		net.set.be(50 * time.Millisecond)
		for i := range 500 {
			if _, err := c.Set(t.Context(), fmt.Sprint(i), i); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := closeWithin(t, c, 10*time.Second); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		expectCount(t, "subscriptions", &bus.subscriptions, 0)
		other := open[int](t, hybrid.Options{Distributed: net.server})
		for i := range 500 {
			if v, ok, err := other.Get(t.Context(), fmt.Sprint(i)); v != i || !ok || err != nil {
				t.Fatalf("key %d was not flushed: %v, %v, %v", i, v, ok, err)
			}
		}
		expectClosed(t, c)
	})
}

// expectClosed checks that every operation is refused.
func expectClosed(t *testing.T, c *hybrid.Cache[int]) {
	t.Helper()
	f := &F[int]{}
	ctx := t.Context()
	refresh := func(context.Context, *hybrid.Load[int]) (int, error) { return f.load(ctx, "0") }
	for name, call := range map[string]struct {
		op  core.Op
		key string // empty for operations without one
		do  func() error
	}{
		"GetOrSet":     {core.OpGetOrSet, "0", func() error { _, err := c.GetOrSet(ctx, "0", f.load); return err }},
		"GetOrLoad":    {core.OpGetOrSet, "0", func() error { _, err := c.GetOrLoad(ctx, "0", loader{f}); return err }},
		"GetOrRefresh": {core.OpGetOrSet, "0", func() error { _, err := c.GetOrRefresh(ctx, "0", refresh); return err }},
		"Get":          {core.OpGet, "0", func() error { _, _, err := c.Get(ctx, "0"); return err }},
		"Lookup":       {core.OpGet, "0", func() error { _, err := c.Lookup(ctx, "0"); return err }},
		"Explain":      {core.OpGet, "0", func() error { _, err := c.Explain(ctx, "0"); return err }},
		"Set":          {core.OpSet, "0", func() error { _, err := c.Set(ctx, "0", 1); return err }},
		"Remove":       {core.OpRemove, "0", func() error { _, err := c.Remove(ctx, "0"); return err }},
		"Expire":       {core.OpExpire, "0", func() error { _, err := c.Expire(ctx, "0"); return err }},
		"RemoveByTag":  {core.OpRemove, "", func() error { _, err := c.Stack().RemoveByTag(ctx, "tag"); return err }},
		"ExpireByTag":  {core.OpExpire, "", func() error { _, err := c.Stack().ExpireByTag(ctx, "tag"); return err }},
		"Clear":        {core.OpRemove, "", func() error { _, err := c.Stack().Clear(ctx); return err }},
		"ExpireAll":    {core.OpExpire, "", func() error { _, err := c.Stack().ExpireAll(ctx); return err }},
	} {
		e, ok := errors.AsType[*core.Error](call.do())
		if !ok || !errors.Is(e, core.ErrClosed) || e.Op != call.op || e.Key != call.key {
			t.Errorf("%s: %v", name, e)
		}
	}
	expectCalls(t, f, 0)
}

// loader is a hybrid.Loader of a factory.
type loader struct{ f *F[int] }

func (l loader) Load(ctx context.Context, key string) (int, error) { return l.f.load(ctx, key) }

func TestSeed_CM9_CloseWithAHungServerReturnsAtItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.set.be(hang)
		c := closable(t, hybrid.Options{Distributed: s, Defaults: core.EntryOptions{BackgroundWrites: true}})
		for i := range 50 {
			if _, err := c.Set(t.Context(), fmt.Sprint(i), i); err != nil {
				t.Fatal(err)
			}
		}
		took(t, 100*time.Millisecond, func() {
			err := closeWithin(t, c, 100*time.Millisecond)
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(fmt.Sprint(err), "50 background writes") {
				t.Errorf("Close: %v", err)
			}
		})
		expectClosed(t, c)
	})
}

func TestSeed_CM9_CloseWaitsForFactoriesThatSomebodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := closable(t, hybrid.Options{})
		f := &F[int]{delay: time.Second, results: []func() (int, error){returns(1)}}
		var wg sync.WaitGroup
		wg.Go(func() { expectAsk(t, c, f, 1, 1) })
		synctest.Wait()
		took(t, time.Second, func() {
			if err := closeWithin(t, c, time.Minute); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		wg.Wait()
	})
}

func TestSeed_CM9_CloseEndsFactoriesThatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := closable(t, hybrid.Options{})
		f := &F[int]{delay: hang}
		expectFailure(t, c, f, core.ErrFactoryTimeout, core.HardTimeout(time.Second))
		took(t, 0, func() {
			if err := closeWithin(t, c, time.Minute); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		expectCount(t, "cancelled factories", &f.ctxCancelled, 1)
	})
}

func TestSeed_CM9_CloseThatCannotWaitEndsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := closable(t, hybrid.Options{})
		f := &F[int]{delay: hang}
		var wg sync.WaitGroup
		wg.Go(func() { expectFailure(t, c, f, core.ErrClosed) })
		synctest.Wait()
		took(t, time.Second, func() {
			if err := closeWithin(t, c, time.Second); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Close: %v", err)
			}
		})
		wg.Wait()
	})
}

func TestClose_ManyAtOnceAllWaitForTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.set.be(500 * time.Millisecond)
		c := closable(t, hybrid.Options{Distributed: s})
		if _, err := c.Set(t.Context(), "k", 1, core.BackgroundWrites(true)); err != nil {
			t.Fatal(err)
		}
		crowd(10, func(int) {
			took(t, time.Second, func() { // the mark of the whole cache, and the value
				if err := closeWithin(t, c, time.Minute); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		})
		if !s.holds(t) {
			t.Error("the write was not flushed")
		}
	})
}

func TestClose_ALaterCallWaitsNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := closable(t, hybrid.Options{})
		f := &F[int]{delay: 10 * time.Second, results: []func() (int, error){returns(1)}}
		var wg sync.WaitGroup
		wg.Go(func() { expectAsk(t, c, f, 1, 1) })
		synctest.Wait()
		wg.Go(func() {
			if err := closeWithin(t, c, time.Minute); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		synctest.Wait()
		took(t, time.Second, func() {
			if err := closeWithin(t, c, time.Second); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a second Close: %v", err)
			}
		})
		wg.Wait()
		if err := closeWithin(t, c, 0); err != nil {
			t.Errorf("a Close after the end: %v", err)
		}
	})
}

// plugin is one made of a function.
type plugin func(h *core.Host) error

func (plugin) Name() string                 { return "test" }
func (p plugin) Install(h *core.Host) error { return p(h) }

func TestNew_ThatFailsClosesThePluginsThatItHasInstalled(t *testing.T) {
	closed := 0
	installs := plugin(func(h *core.Host) error {
		h.OnClose(func(context.Context) error { closed++; return nil })
		return nil
	})
	fails := plugin(func(*core.Host) error { return errBoom })
	s, err := hybrid.New(hybrid.Options{Memory: new(mapMemory), Plugins: []core.Plugin{installs, fails, installs}})
	if s != nil || !errors.Is(err, errBoom) || closed != 2 {
		t.Errorf("got %v, %v; %d plugins were closed, want 2", s, err, closed)
	}
	server := newServer(t)
	server.down.Store(true)
	closed = 0
	s, err = hybrid.New(hybrid.Options{
		Name: "app", Memory: new(mapMemory), Distributed: server.plain(), Serializer: jsonSerializer{},
		Plugins: []core.Plugin{installs}, RequireDistributed: true,
	})
	if s != nil || err == nil || closed != 0 {
		t.Errorf("got %v, %v; %d plugins were closed, want none: none was installed", s, err, closed)
	}
}

func TestWrites_InTheBackgroundWaitForNoServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.get.be(200 * time.Millisecond)
		s.set.be(200 * time.Millisecond)
		c := open[int](t, hybrid.Options{Distributed: s, Defaults: core.EntryOptions{BackgroundWrites: true}})
		took(t, 0, func() {
			for i := range 100 {
				if _, err := c.Set(t.Context(), fmt.Sprint(i), i, core.Tags("a", "b")); err != nil {
					t.Error(err)
				}
			}
		})
		time.Sleep(time.Minute)
		other := open[int](t, hybrid.Options{Distributed: s})
		for i := range 100 {
			for name, node := range map[string]*hybrid.Cache[int]{"this": c, "another": other} {
				if v, ok, err := node.Get(t.Context(), fmt.Sprint(i)); v != i || !ok || err != nil {
					t.Errorf("%s node, key %d: %v, %v, %v", name, i, v, ok, err)
				}
			}
		}
	})
}
