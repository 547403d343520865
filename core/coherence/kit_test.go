// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

var errBroken = errors.New("broken")

// memory is a memory layer of objects that can refuse.
type memory struct {
	mu      sync.Mutex
	entries map[string]*core.Entry
	refuses bool
}

func newMemory() *memory { return &memory{entries: make(map[string]*core.Entry)} }

func (m *memory) Get(key string) (*core.Entry, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	return e, ok
}

func (m *memory) Set(key string, e *core.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuses {
		delete(m.entries, key)
		return core.ErrTooLarge
	}
	m.entries[strings.Clone(key)] = e
	return nil
}

func (m *memory) Delete(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
}

func (m *memory) Clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.entries)
}

// byteMemory is a memory layer of bytes, which takes entries with a payload only.
type byteMemory struct {
	*memory
	t testing.TB
}

func (m byteMemory) Set(key string, e *core.Entry) error {
	if e.Payload() == nil || e.Pointer() != nil {
		m.t.Errorf("a layer of bytes was given %v", e)
	}
	return m.memory.Set(key, e)
}

func (m byteMemory) AppendEntry(dst []byte, key string) ([]byte, bool) {
	e, ok := m.memory.Get(key)
	if !ok {
		return dst, false
	}
	return e.AppendBinary(dst), true
}

// flights are the tokens of the loads under way, and what was revoked.
type flights struct {
	mu      sync.Mutex
	tokens  map[string][]*core.Token
	revoked []string
}

// begin begins a load of key.
func (f *flights) begin(key string) *core.Token {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tokens == nil {
		f.tokens = make(map[string][]*core.Token)
	}
	t := new(core.Token)
	f.tokens[key] = append(f.tokens[key], t)
	return t
}

func (f *flights) Revoke(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.revoked = append(f.revoked, key)
	for _, t := range f.tokens[key] {
		t.Revoke()
	}
	delete(f.tokens, key)
}

func (f *flights) RevokeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, tokens := range f.tokens {
		for _, t := range tokens {
			t.Revoke()
		}
	}
	clear(f.tokens)
}

// listener keeps events.
type listener struct {
	mu  sync.Mutex
	all []core.Event
}

func listen(e *core.Events, mask core.Kind) *listener {
	l := new(listener)
	e.Listen("test", mask, func(ev core.Event) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.all = append(l.all, ev)
	})
	return l
}

func (l *listener) count(kind core.Kind) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ev := range l.all {
		if ev.Kind == kind {
			n++
		}
	}
	return n
}

// bus is a backplane that keeps what is published, and can break.
type bus struct {
	mu        sync.Mutex
	messages  []wire.Message
	broken    atomic.Bool
	published func(wire.Message) // called with each; may be nil
}

func (b *bus) Publish(_ context.Context, msg []byte) error {
	m, err := wire.ParseMessage(msg)
	if err != nil {
		return err
	}
	if b.broken.Load() {
		return errBroken
	}
	b.mu.Lock()
	b.messages = append(b.messages, m)
	b.mu.Unlock()
	if b.published != nil {
		b.published(m)
	}
	return nil
}

func (b *bus) Subscribe(ctx context.Context, _ core.Subscriber) error {
	<-ctx.Done()
	return ctx.Err()
}

func (b *bus) all() []wire.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.messages)
}

// codec is that of the values in the tests.
var codec = core.NewCodec[int](jsonCodec{})

type jsonCodec struct{}

func (jsonCodec) Marshal(v any) ([]byte, error)      { return json.Marshal(v) }
func (jsonCodec) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }

// rig is the memory side of a node.
type rig struct {
	clock  *core.Monotonic
	memory *memory
	local  *coherence.Local
	loads  *flights
	events *listener
}

func bubble(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newRig()) })
}

func newRig() *rig {
	events := core.NewEvents("test")
	r := &rig{clock: core.NewMonotonic(nil), memory: newMemory(), loads: new(flights), events: listen(events, core.AllKinds)}
	r.local = coherence.NewLocal(r.memory, r.clock, events, r.loads)
	return r
}

// pass lets virtual time pass.
func pass(d time.Duration) { time.Sleep(d) }

// entry returns a fresh entry with value v: a minute, and an hour for fail-safe.
func (r *rig) entry(v int, version core.Version) *core.Entry {
	now := r.clock.Now()
	return core.Live(v, core.Meta{
		Version: version, Born: now, Checked: now, Stale: now.Add(time.Minute), Dead: now.Add(time.Hour),
	})
}

// holds checks that memory has v for "k" in a state.
func (r *rig) holds(t *testing.T, v int, state core.State) {
	t.Helper()
	e, ok := r.memory.Get("k")
	if !ok {
		t.Errorf("memory has nothing, want %d", v)
		return
	}
	live, err := coherence.Revive(codec, e)
	if err != nil {
		t.Error(err)
		return
	}
	if got, _ := core.Value[int](live); got != v || e.State(r.clock.Now()) != state {
		t.Errorf("memory has %d, %v, want %d, %v", got, e.State(r.clock.Now()), v, state)
	}
}

func (r *rig) holdsNothing(t *testing.T) {
	t.Helper()
	if e, ok := r.memory.Get("k"); ok {
		t.Errorf("memory has %+v", e.Meta())
	}
}

// judge is the verdict about what memory holds for "k".
func (r *rig) judge(o core.EntryOptions) coherence.Verdict {
	e, ok := r.memory.Get("k")
	if !ok {
		return coherence.Ignore
	}
	m := e.Meta()
	return r.local.Judge("k", &m, r.clock.Now(), &o)
}

// version returns the version of write number op of a node.
func version(node uint64, op uint64) core.Version {
	return core.Version{Time: int64(op), Node: node, Op: op}
}
