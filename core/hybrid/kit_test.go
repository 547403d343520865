// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

var errBoom = errors.New("boom")

// F is a scripted factory. Hand its method load to GetOrSet. Set its fields
// before the first call.
type F[V any] struct {
	// delay is how long a call takes, or hang; a call whose context ends earlier
	// returns the context's error.
	delay time.Duration

	// deaf makes calls ignore the end of their context, as a bad driver does.
	deaf bool

	// results are what the calls give, in order; the last is given for ever. None:
	// zero values.
	results []func() (V, error)

	calls, running, maxRunning atomic.Int64

	// ctxCancelled counts the calls whose context ended before they did, and cause
	// is why the last of them did.
	ctxCancelled atomic.Int64
	cause        atomic.Pointer[error]
}

// hang is the delay of what waits for its context to end.
const hang = 100 * 365 * 24 * time.Hour

// returns, fails, panics and exits are the results that a call can give.
func returns[V any](v V) func() (V, error)         { return func() (V, error) { return v, nil } }
func fails[V any](err error) func() (v V, e error) { return func() (v V, e error) { return v, err } }
func panics[V any](p any) func() (V, error)        { return func() (V, error) { panic(p) } }
func exits[V any]() func() (V, error) {
	return func() (v V, err error) { runtime.Goexit(); return v, err }
}

func (f *F[V]) load(ctx context.Context, _ string) (v V, err error) {
	n := f.calls.Add(1)
	running := f.running.Add(1)
	defer f.running.Add(-1)
	for most := f.maxRunning.Load(); running > most && !f.maxRunning.CompareAndSwap(most, running); {
		most = f.maxRunning.Load()
	}
	err = pause(ctx, f.delay, f.deaf)
	if ctx.Err() != nil {
		cause := context.Cause(ctx)
		f.cause.Store(&cause)
		f.ctxCancelled.Add(1)
	}
	if err != nil || len(f.results) == 0 {
		return v, err
	}
	return f.results[min(int(n), len(f.results))-1]()
}

// pause takes d, or less if ctx ends, whose error it then returns.
func pause(ctx context.Context, d time.Duration, deaf bool) error {
	if d == 0 {
		return nil
	}
	if deaf {
		ctx = context.Background()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// open returns a view "v" on a new stack of o, with a map as memory, JSON and the
// name "app" where o says nothing. The stack is closed at the end of the test,
// which must succeed.
func open[V any](t testing.TB, o hybrid.Options) *hybrid.Cache[V] {
	t.Helper()
	if o.Memory == nil {
		o.Memory = new(mapMemory)
	}
	if o.Serializer == nil {
		o.Serializer = jsonSerializer{}
	}
	o.Name = cmp.Or(o.Name, "app")
	s, err := hybrid.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return hybrid.Must(hybrid.Of[V](s, "v"))
}

// mapMemory is the simplest memory layer: it keeps every entry.
type mapMemory struct{ m sync.Map }

func (m *mapMemory) Get(key string) (*core.Entry, bool) {
	e, ok := m.m.Load(key)
	if !ok {
		return nil, false
	}
	return e.(*core.Entry), true
}

func (m *mapMemory) Set(key string, e *core.Entry) error {
	m.m.Store(strings.Clone(key), e)
	return nil
}

func (m *mapMemory) Delete(key string) { m.m.Delete(key) }

// jsonSerializer is encoding/json.
type jsonSerializer struct{}

func (jsonSerializer) Marshal(v any) ([]byte, error)      { return json.Marshal(v) }
func (jsonSerializer) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }

// slowness is how long something takes, or [hang]. It may be changed at any time.
type slowness struct{ d atomic.Int64 }

func (s *slowness) be(d time.Duration) { s.d.Store(int64(d)) }
func (s *slowness) pass(ctx context.Context) error {
	return pause(ctx, time.Duration(s.d.Load()), false)
}

// slowLayer is a distributed layer whose operations take a while. It counts the
// calls for entries; those for marks are not counted.
type slowLayer struct {
	core.DistributedLayer
	get, set, del       slowness
	gets, sets, deletes atomic.Int64
}

func (l *slowLayer) count(n *atomic.Int64, key string) {
	if strings.Contains(key, ":1:e:") {
		n.Add(1)
	}
}

func (l *slowLayer) Get(ctx context.Context, key string) ([]byte, bool, error) {
	l.count(&l.gets, key)
	if err := l.get.pass(ctx); err != nil {
		return nil, false, err
	}
	return l.DistributedLayer.Get(ctx, key)
}

func (l *slowLayer) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	l.count(&l.sets, key)
	if err := l.set.pass(ctx); err != nil {
		return err
	}
	return l.DistributedLayer.Set(ctx, key, data, ttl)
}

func (l *slowLayer) Delete(ctx context.Context, key string) error {
	l.count(&l.deletes, key)
	if err := l.del.pass(ctx); err != nil {
		return err
	}
	return l.DistributedLayer.Delete(ctx, key)
}

// slowBus is a backplane whose operations take a while. It counts the messages
// about keys.
type slowBus struct {
	core.Backplane
	publish, subscribe slowness
	published          atomic.Int64
}

func (b *slowBus) Publish(ctx context.Context, msg []byte) error {
	if m, err := wire.ParseMessage(msg); err == nil && (m.Key != "" || m.Kind == wire.MessageBatch) {
		b.published.Add(1)
	}
	if err := b.publish.pass(ctx); err != nil {
		return err
	}
	return b.Backplane.Publish(ctx, msg)
}

func (b *slowBus) Subscribe(ctx context.Context, s core.Subscriber) error {
	if err := b.subscribe.pass(ctx); err != nil {
		return err
	}
	return b.Backplane.Subscribe(ctx, s)
}

// arbitrated is a slowLayer that decides about writes, as the server of a
// [core.Arbiter] does. A write takes as long as a Set and counts as one.
type arbitrated struct {
	*slowLayer
	arbiter core.Arbiter
}

func (a arbitrated) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	a.count(&a.sets, key)
	if err := a.set.pass(ctx); err != nil {
		return core.Ruling{}, err
	}
	return a.arbiter.Arbitrate(ctx, key, w)
}

func (a arbitrated) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	a.count(&a.gets, key)
	if err := a.get.pass(ctx); err != nil {
		return nil, false, err
	}
	return a.arbiter.ReadHeader(ctx, key)
}

// rounds is how often a long test does what it does: full times, and a tenth of that
// with the race detector or -short.
func rounds(full int) int {
	if raceDetector || testing.Short() {
		return full / 10
	}
	return full
}

// crowd has n callers call at the same instant, and waits for all.
func crowd(n int, call func(i int)) {
	barrier := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-barrier
			call(i)
		})
	}
	close(barrier)
	all.Wait()
}

// tally counts the events of the kinds in mask from now on.
func tally[V any](c *hybrid.Cache[V], mask core.Kind) *atomic.Int64 {
	n := new(atomic.Int64)
	c.Stack().Events().Listen("tally", mask, func(core.Event) { n.Add(1) })
	return n
}
