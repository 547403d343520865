// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisstream_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/backplanes/redisstream"
	"github.com/fusioncache-go/fusioncache/core"
)

// serverFunc is a hook that answers commands in place of a server.
type serverFunc func(ctx context.Context, cmd redis.Cmder) error

func (f serverFunc) DialHook(next redis.DialHook) redis.DialHook { return next }

func (f serverFunc) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { return f(ctx, cmd) }
}

func (f serverFunc) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func newBackplane(t *testing.T, serve serverFunc) *redisstream.Backplane {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = client.Close() })
	client.AddHook(serve)
	bus, err := redisstream.New(client, "ch", nil)
	if err != nil {
		t.Fatal(err)
	}
	return bus
}

func TestPublish_AddsOnceAndTrims(t *testing.T) {
	sent := 0
	bus := newBackplane(t, func(_ context.Context, cmd redis.Cmder) error {
		sent++
		want := "xadd ch maxlen ~ 10000 * m msg: "
		if got := cmd.String(); got != want || !cmd.NoRetry() {
			t.Errorf("sent %q, may be repeated: %v; want %q", got, !cmd.NoRetry(), want)
		}
		return net.ErrClosed
	})
	if err := bus.Publish(t.Context(), []byte("msg")); !errors.Is(err, net.ErrClosed) || sent != 1 {
		t.Errorf("%v after %d attempts", err, sent)
	}
}

func TestPublish_RefusesLongMessages(t *testing.T) {
	sent := 0
	bus := newBackplane(t, func(context.Context, redis.Cmder) error { sent++; return nil })
	if err := bus.Publish(t.Context(), make([]byte, redisstream.MaxMessageLen)); err != nil || sent != 1 {
		t.Errorf("longest message: %v", err)
	}
	if err := bus.Publish(t.Context(), make([]byte, redisstream.MaxMessageLen+1)); err == nil || sent != 1 {
		t.Errorf("longer message: %v, sent %d", err, sent)
	}
}

func TestMethods_SendNothingWhenContextIsDone(t *testing.T) {
	bus := newBackplane(t, func(_ context.Context, cmd redis.Cmder) error { t.Errorf("sent %v", cmd.Args()); return nil })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for method, err := range map[string]error{
		"publish": bus.Publish(ctx, nil), "ping": bus.Ping(ctx), "subscribe": bus.Subscribe(ctx, &journal{}),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestMethods_WrapTheContextErrorAtItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := newBackplane(t, func(ctx context.Context, _ redis.Cmder) error {
			deadline, _ := ctx.Deadline()
			time.Sleep(time.Until(deadline))
			return os.ErrDeadlineExceeded
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := bus.Publish(ctx, nil); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("publish: %v, want it to wrap the context's error and the cause", err)
		}
	})
}

func TestPublish_TellsTimeoutsOfTheClientFromTheContext(t *testing.T) {
	bus := newBackplane(t, func(context.Context, redis.Cmder) error { return context.DeadlineExceeded })
	if err := bus.Publish(t.Context(), nil); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("publish: %v, want a timeout that is not the context's", err)
	}
}

func TestPublish_LeavesOutArgumentsThatTheServerRepeats(t *testing.T) {
	bus := newBackplane(t, func(context.Context, redis.Cmder) error {
		return errors.New("ERR unknown command 'XADD', with args beginning with: 'ch' 'hidden' ")
	})
	err := bus.Publish(t.Context(), []byte("hidden"))
	if want := `redisstream: publish to "ch": ERR unknown command 'XADD'`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, ok := errors.AsType[redis.Error](err); !ok {
		t.Errorf("%v is no reply of the server", err)
	}
}

func TestNew_NamesAllProblems(t *testing.T) {
	client := redis.NewClient(&redis.Options{})
	defer func() { _ = client.Close() }()
	_, err := redisstream.New(client, "", &redisstream.Options{Liveness: -1, MaxLen: -1, Repair: -1})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"ContextTimeoutEnabled", "stream is empty", "Options.Liveness", "Options.MaxLen", "Options.Repair",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q: %v", want, err)
		}
	}
	if option, ok := errors.AsType[*core.OptionError](err); !ok || option.Option != "Options.MaxLen" {
		t.Errorf("no option error in %v", err)
	}
}

func TestNew_RefusesClientsThatBreakTheContract(t *testing.T) {
	late := &redisstream.Options{AcceptLateDeadlines: true}
	ring := redis.NewRing(&redis.RingOptions{})
	defer func() { _ = ring.Close() }()
	plain := redis.NewClient(&redis.Options{})
	defer func() { _ = plain.Close() }()
	cluster := redis.NewClusterClient(&redis.ClusterOptions{})
	defer func() { _ = cluster.Close() }()
	tests := []struct {
		name   string
		client redis.UniversalClient
		opts   *redisstream.Options
		want   string // part of the error; empty: none
	}{
		{"nil", nil, nil, "client is nil"},
		{"nil pointer", (*redis.Client)(nil), nil, "client is nil"},
		{"nil cluster", (*redis.ClusterClient)(nil), nil, "client is nil"},
		{"late", plain, nil, "ContextTimeoutEnabled"},
		{"late cluster", cluster, nil, "ContextTimeoutEnabled"},
		{"accepted", plain, late, ""},
		{"accepted cluster", cluster, late, ""},
		{"ring", ring, late, "*redis.Ring"},
	}
	for _, test := range tests {
		_, err := redisstream.New(test.client, "ch", test.opts)
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: refused: %v", test.name, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}
