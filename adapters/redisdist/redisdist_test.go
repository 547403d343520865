// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/core"
)

// serverFunc is a hook that answers commands in place of a server.
type serverFunc func(ctx context.Context, cmd redis.Cmder) error

func (f serverFunc) DialHook(next redis.DialHook) redis.DialHook { return next }

func (f serverFunc) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := f(ctx, cmd)
		cmd.SetErr(err)
		return err
	}
}

func (f serverFunc) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			err := f(ctx, cmd)
			cmd.SetErr(err)
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// newLayer returns a layer whose commands are answered by serve.
func newLayer(tb testing.TB, serve serverFunc) *redisdist.Layer {
	tb.Helper()
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", ContextTimeoutEnabled: true})
	tb.Cleanup(func() { _ = client.Close() })
	client.AddHook(serve)
	layer, err := redisdist.New(client, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return layer
}

// replyError is an error reply of the server.
type replyError string

func (e replyError) Error() string { return string(e) }
func (replyError) RedisError()     {}

// methods calls each method of a layer that talks to the server.
func methods(l *redisdist.Layer) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"get":    func(ctx context.Context) error { _, _, err := l.Get(ctx, "k"); return err },
		"set":    func(ctx context.Context) error { return l.Set(ctx, "k", []byte("hidden"), time.Minute) },
		"delete": func(ctx context.Context) error { return l.Delete(ctx, "k") },
		"ping":   func(ctx context.Context) error { return l.Ping(ctx) },
		"arbitrate": func(ctx context.Context) error {
			_, err := l.Arbitrate(ctx, "k", forced("hidden"))
			return err
		},
		"read header": func(ctx context.Context) error { _, _, err := l.ReadHeader(ctx, "k"); return err },
	}
}

func TestSet_RoundsTTLUp(t *testing.T) {
	tests := []struct {
		ttl  time.Duration
		want []any
	}{
		{1, []any{"px", int64(1)}},
		{100 * time.Microsecond, []any{"px", int64(1)}},
		{time.Millisecond, []any{"px", int64(1)}},
		{time.Millisecond + 1, []any{"px", int64(2)}},
		{1500 * time.Millisecond, []any{"px", int64(1500)}},
		{2 * time.Second, []any{"px", int64(2000)}},
		{core.Forever - 1, []any{"px", int64(core.Forever/time.Millisecond) + 1}},
		{core.Forever, nil},
	}
	for _, test := range tests {
		var got []any
		l := newLayer(t, func(_ context.Context, cmd redis.Cmder) error { got = cmd.Args(); return nil })
		if err := l.Set(t.Context(), "k", []byte("v"), test.ttl); err != nil {
			t.Errorf("ttl %d: %v", test.ttl, err)
		}
		if len(got) < 3 || !slices.Equal(got[3:], test.want) {
			t.Errorf("ttl %d: sent %v, want the expiry %v", test.ttl, got, test.want)
		}
	}
}

func TestSet_RefusesTTLThatIsNotPositive(t *testing.T) {
	for _, ttl := range []time.Duration{0, redis.KeepTTL, -time.Second} {
		l := newLayer(t, func(_ context.Context, cmd redis.Cmder) error {
			t.Errorf("ttl %v: sent %v", ttl, cmd.Args())
			return nil
		})
		if err := l.Set(t.Context(), "k", nil, ttl); err == nil || !strings.Contains(err.Error(), `"k"`) {
			t.Errorf("ttl %v: error %v, want one that names the key", ttl, err)
		}
	}
}

func TestGet_TellsMissFromError(t *testing.T) {
	l := newLayer(t, func(context.Context, redis.Cmder) error { return redis.Nil })
	if data, ok, err := l.Get(t.Context(), "k"); data != nil || ok || err != nil {
		t.Errorf("miss: %v, %v, %v", data, ok, err)
	}
	l = newLayer(t, func(context.Context, redis.Cmder) error { return replyError("WRONGTYPE Operation against ...") })
	if _, ok, err := l.Get(t.Context(), "k"); ok || !redis.HasErrorPrefix(errors.Unwrap(err), "WRONGTYPE") {
		t.Errorf("other type: %v, %v", ok, err)
	}
}

func TestMethods_NameOperationAndKey(t *testing.T) {
	cause := errors.New("no route")
	l := newLayer(t, func(context.Context, redis.Cmder) error { return cause })
	for name, call := range methods(l) {
		err := call(t.Context())
		if !errors.Is(err, cause) {
			t.Errorf("%s: %v does not wrap the cause", name, err)
		}
		want := "redisdist: " + name + ` "k": no route`
		if name == "ping" {
			want = "redisdist: ping: no route"
		}
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
}

func TestMethods_NeverRepeatACommand(t *testing.T) {
	sent := 0
	l := newLayer(t, func(_ context.Context, cmd redis.Cmder) error {
		sent++
		if !cmd.NoRetry() {
			t.Errorf("%s may be repeated", cmd.Name())
		}
		return nil
	})
	for _, call := range methods(l) {
		_ = call(t.Context())
	}
	if sent != 6 {
		t.Errorf("sent %d commands, want 6", sent)
	}
}

func TestMethods_SendNothingWhenContextIsDone(t *testing.T) {
	l := newLayer(t, func(_ context.Context, cmd redis.Cmder) error { t.Errorf("sent %v", cmd.Args()); return nil })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range methods(l) {
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
}

// The socket has the deadline of the context and may notice it first; then its
// error says nothing of a context.
func TestMethods_WrapTheContextErrorAtItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}
		l := newLayer(t, func(ctx context.Context, _ redis.Cmder) error {
			deadline, _ := ctx.Deadline()
			time.Sleep(time.Until(deadline))
			return cause
		})
		for name, call := range methods(l) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			err := call(ctx)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: %v, want it to wrap the context's error and the cause", name, err)
			}
		}
	})
}

// A dial that takes longer than the client's DialTimeout ends in such an error,
// and a circuit breaker must not take it for the caller's impatience.
func TestMethods_TellTimeoutsOfTheClientFromTheContext(t *testing.T) {
	cause := fmt.Errorf("dial: %w", context.DeadlineExceeded)
	l := newLayer(t, func(context.Context, redis.Cmder) error { return cause })
	for name, call := range methods(l) {
		err := call(t.Context())
		timeout, ok := errors.AsType[interface {
			error
			Timeout() bool
		}](err)
		if errors.Is(err, context.DeadlineExceeded) || !ok || !timeout.Timeout() || !strings.Contains(err.Error(), "dial") {
			t.Errorf("%s: %v, want a timeout that is not the context's", name, err)
		}
	}
}

func TestMethods_LeaveOutArgumentsThatTheServerRepeats(t *testing.T) {
	for _, reply := range []string{
		"ERR unknown command 'SET', with args beginning with: 'k' 'hidden' 'px' ",
		"failed to authenticate: ERR unknown command `AUTH`, with args beginning with: `hidden`, ",
	} {
		l := newLayer(t, func(context.Context, redis.Cmder) error { return errors.New(reply) })
		for name, call := range methods(l) {
			err := call(t.Context())
			if strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), "ERR unknown command") {
				t.Errorf("%s: %v", name, err)
			}
			if _, ok := errors.AsType[redis.Error](err); !ok {
				t.Errorf("%s: %v is no reply of the server", name, err)
			}
		}
	}
}

func TestNew_RefusesClientsThatBreakTheContract(t *testing.T) {
	csc := &redis.ClientSideCacheConfig{}
	tests := []struct {
		name   string
		client redis.UniversalClient
		opts   *redisdist.Options
		want   string // part of the error; empty: none
	}{
		{"nil", nil, nil, "client is nil"},
		{"nil pointer", (*redis.Client)(nil), nil, "client is nil"},
		{"nil cluster", (*redis.ClusterClient)(nil), nil, "client is nil"},
		{"defaults", redis.NewClient(&redis.Options{}), nil, "ContextTimeoutEnabled"},
		{"cluster defaults", redis.NewClusterClient(&redis.ClusterOptions{}), nil, "ContextTimeoutEnabled"},
		{"accepted", redis.NewClient(&redis.Options{}), &redisdist.Options{AcceptLateDeadlines: true}, ""},
		{"deadlines", redis.NewClient(&redis.Options{ContextTimeoutEnabled: true}), nil, ""},
		{"cluster", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true}), nil, ""},
		{"replicas", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, ReadOnly: true}), nil, "replicas"},
		{"the nearest", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, RouteByLatency: true}), nil, "replicas"},
		{"any", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, RouteRandomly: true}), nil, "replicas"},
		{"sentinels' replicas", redis.NewFailoverClusterClient(&redis.FailoverOptions{ContextTimeoutEnabled: true, ReplicaOnly: true}), nil, "replicas"},
		{"sentinels' nearest", redis.NewFailoverClusterClient(&redis.FailoverOptions{ContextTimeoutEnabled: true, RouteByLatency: true}), nil, "replicas"},
		{"accepted replicas", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, ReadOnly: true}), &redisdist.Options{ReplicasMayLag: true}, ""},
		{"client-side cache", redis.NewClient(&redis.Options{ContextTimeoutEnabled: true, ClientSideCacheConfig: csc}), nil, "old values"},
		{"ring", redis.NewRing(&redis.RingOptions{}), nil, "Ring"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			layer, err := redisdist.New(test.client, test.opts)
			if test.client != nil && !strings.HasPrefix(test.name, "nil") {
				defer func() { _ = test.client.Close() }()
			}
			if test.want == "" {
				if err != nil || layer == nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || layer != nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, %v, want an error about %q", layer, err, test.want)
			}
		})
	}
}

func TestNew_NamesAllProblems(t *testing.T) {
	client := redis.NewClient(&redis.Options{ClientSideCacheConfig: &redis.ClientSideCacheConfig{}})
	defer func() { _ = client.Close() }()
	_, err := redisdist.New(client, nil)
	if err == nil || !strings.Contains(err.Error(), "deadlines") || !strings.Contains(err.Error(), "old values") {
		t.Errorf("got %v, want both problems", err)
	}
}

func TestSpec33_Q24_CloseLeavesAForeignClientOpen(t *testing.T) {
	sent := false
	l := newLayer(t, func(context.Context, redis.Cmder) error { sent = true; return nil })
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Ping(t.Context()); err != nil || !sent {
		t.Errorf("ping after close: %v, sent %v", err, sent)
	}
}

func TestClose_ClosesAnOpenedClient(t *testing.T) {
	l, err := redisdist.Open("redis://127.0.0.1:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	for name, call := range methods(l) {
		if err := call(t.Context()); !errors.Is(err, redis.ErrClosed) {
			t.Errorf("%s after close: %v, want redis.ErrClosed", name, err)
		}
	}
}

func BenchmarkGet_WithoutServer(b *testing.B) {
	l := newLayer(b, func(context.Context, redis.Cmder) error { return nil })
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = l.Get(b.Context(), "key")
	}
}

func BenchmarkSet_WithoutServer(b *testing.B) {
	l := newLayer(b, func(context.Context, redis.Cmder) error { return nil })
	data := make([]byte, 200)
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Set(b.Context(), "key", data, time.Minute)
	}
}
