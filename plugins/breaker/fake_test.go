// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

var errDown = errors.New("server is down")

// server is a distributed layer and a backplane that answers every call with a
// function that tests can change.
type server struct {
	calls  atomic.Int64
	answer atomic.Pointer[func(context.Context) error]
}

func newServer() *server {
	s := &server{}
	s.answers(up)
	return s
}

func (s *server) answers(f func(context.Context) error) { s.answer.Store(&f) }

func (s *server) call(ctx context.Context) error {
	s.calls.Add(1)
	return (*s.answer.Load())(ctx)
}

func (s *server) Get(ctx context.Context, _ string) ([]byte, bool, error) {
	return nil, false, s.call(ctx)
}
func (s *server) Set(ctx context.Context, _ string, _ []byte, _ time.Duration) error {
	return s.call(ctx)
}
func (s *server) Delete(ctx context.Context, _ string) error  { return s.call(ctx) }
func (s *server) Publish(ctx context.Context, _ []byte) error { return s.call(ctx) }

func (s *server) Subscribe(ctx context.Context, sub core.Subscriber) error {
	sub.Joined(false)
	<-ctx.Done()
	return ctx.Err()
}

func up(context.Context) error   { return nil }
func down(context.Context) error { return errDown }

func hung(ctx context.Context) error {
	<-ctx.Done()
	return fmt.Errorf("read: %w", ctx.Err())
}

// deafUntil is a layer that ignores its context.
func deafUntil(release <-chan struct{}) func(context.Context) error {
	return func(context.Context) error {
		<-release
		return nil
	}
}

// rig is a stack's view of a server behind the plugin.
type rig struct {
	tb     testing.TB
	server *server
	plugin *breaker.Plugin
	layer  core.DistributedLayer
	bus    core.Backplane
	events *core.Events

	mu      sync.Mutex
	changes []core.Event
}

func newRig(tb testing.TB, opts *breaker.Options) *rig {
	tb.Helper()
	r := &rig{tb: tb, server: newServer(), events: core.NewEvents("test")}
	plugin, err := breaker.New(opts)
	if err != nil {
		tb.Fatal(err)
	}
	r.plugin = plugin
	r.events.Listen("test", core.BreakerChanged, func(ev core.Event) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.changes = append(r.changes, ev)
	})
	parts, err := core.Install("test", r.events, []core.Plugin{plugin})
	if err != nil {
		tb.Fatal(err)
	}
	r.layer, r.bus = parts.Distributed(r.server), parts.Backplane(r.server)
	return r
}

// get makes one call with a time limit of its own.
func (r *rig) get() error {
	ctx, cancel := context.WithTimeout(r.tb.Context(), 100*time.Millisecond)
	defer cancel()
	_, _, err := r.layer.Get(ctx, "k")
	return err
}

// getApart makes a call on a goroutine that the call may end.
func (r *rig) getApart() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		_ = r.get()
	}()
	<-done
}

// open makes the distributed layer fail until its breaker opens.
func (r *rig) open() {
	r.tb.Helper()
	r.server.answers(down)
	for range breaker.DefaultFailures {
		if err := r.get(); !errors.Is(err, errDown) {
			r.tb.Fatalf("while opening: got %v, want %v", err, errDown)
		}
	}
	r.wantState(breaker.Open)
}

func (r *rig) wantState(want breaker.State) {
	r.tb.Helper()
	if got := r.plugin.State(core.LevelDistributed); got != want {
		r.tb.Errorf("state is %v, want %v", got, want)
	}
}

func (r *rig) wantCalls(want int64) {
	r.tb.Helper()
	if got := r.server.calls.Load(); got != want {
		r.tb.Errorf("%d calls reached the layer, want %d", got, want)
	}
}

func (r *rig) wantChanges(want ...string) {
	r.tb.Helper()
	if got := strings.Join(r.details(), ", "); got != strings.Join(want, ", ") {
		r.tb.Errorf("changes are %s, want %s", got, strings.Join(want, ", "))
	}
}

func (r *rig) details() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, ev := range r.changes {
		list = append(list, ev.Detail)
	}
	return list
}
