// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisbus_test

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

	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
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

func newBackplane(t *testing.T, opts *redisbus.Options, serve serverFunc) *redisbus.Backplane {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = client.Close() })
	client.AddHook(serve)
	bus, err := redisbus.New(client, "ch", opts)
	if err != nil {
		t.Fatal(err)
	}
	return bus
}

func TestPublish_SendsOnce(t *testing.T) {
	for sharded, verb := range map[bool]string{false: "publish", true: "spublish"} {
		sent := 0
		bus := newBackplane(t, &redisbus.Options{Sharded: sharded}, func(_ context.Context, cmd redis.Cmder) error {
			sent++
			args := cmd.Args()
			if len(args) != 3 || args[0] != verb || args[1] != "ch" || string(args[2].([]byte)) != "m" || !cmd.NoRetry() {
				t.Errorf("sent %v, may be repeated: %v", args, !cmd.NoRetry())
			}
			return net.ErrClosed
		})
		if err := bus.Publish(t.Context(), []byte("m")); !errors.Is(err, net.ErrClosed) || sent != 1 {
			t.Errorf("%s: %v after %d attempts", verb, err, sent)
		}
	}
}

func TestPublish_RefusesLongMessages(t *testing.T) {
	sent := 0
	bus := newBackplane(t, nil, func(context.Context, redis.Cmder) error { sent++; return nil })
	if err := bus.Publish(t.Context(), make([]byte, redisbus.MaxMessageLen)); err != nil || sent != 1 {
		t.Errorf("longest message: %v", err)
	}
	if err := bus.Publish(t.Context(), make([]byte, redisbus.MaxMessageLen+1)); err == nil || sent != 1 {
		t.Errorf("longer message: %v, sent %d", err, sent)
	}
}

func TestMethods_SendNothingWhenContextIsDone(t *testing.T) {
	bus := newBackplane(t, nil, func(_ context.Context, cmd redis.Cmder) error { t.Errorf("sent %v", cmd.Args()); return nil })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := bus.Publish(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("publish: %v", err)
	}
	if err := bus.Ping(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("ping: %v", err)
	}
}

func TestMethods_WrapTheContextErrorAtItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := newBackplane(t, nil, func(ctx context.Context, _ redis.Cmder) error {
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
	bus := newBackplane(t, nil, func(context.Context, redis.Cmder) error { return context.DeadlineExceeded })
	if err := bus.Publish(t.Context(), nil); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("publish: %v, want a timeout that is not the context's", err)
	}
}

func TestPublish_LeavesOutArgumentsThatTheServerRepeats(t *testing.T) {
	bus := newBackplane(t, nil, func(context.Context, redis.Cmder) error {
		return errors.New("ERR unknown command 'PUBLISH', with args beginning with: 'ch' 'hidden' ")
	})
	err := bus.Publish(t.Context(), []byte("hidden"))
	if want := `redisbus: publish to "ch": ERR unknown command 'PUBLISH'`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, ok := errors.AsType[redis.Error](err); !ok {
		t.Errorf("%v is no reply of the server", err)
	}
}

func TestNew_NamesAllProblems(t *testing.T) {
	client := redis.NewClient(&redis.Options{})
	defer func() { _ = client.Close() }()
	_, err := redisbus.New(client, "", &redisbus.Options{Liveness: -1})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"ContextTimeoutEnabled", "channel is empty", "Options.Liveness"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q: %v", want, err)
		}
	}
	if option, ok := errors.AsType[*core.OptionError](err); !ok || option.Option != "Options.Liveness" {
		t.Errorf("no option error in %v", err)
	}
}

func TestNew_RefusesClientsThatBreakTheContract(t *testing.T) {
	late := &redisbus.Options{AcceptLateDeadlines: true}
	ring := redis.NewRing(&redis.RingOptions{})
	defer func() { _ = ring.Close() }()
	plain := redis.NewClient(&redis.Options{})
	defer func() { _ = plain.Close() }()
	cluster := redis.NewClusterClient(&redis.ClusterOptions{})
	defer func() { _ = cluster.Close() }()
	tests := []struct {
		name   string
		client redis.UniversalClient
		opts   *redisbus.Options
		want   string // part of the error; empty: none
	}{
		{"nil", nil, nil, "client is nil"},
		{"nil pointer", (*redis.Client)(nil), nil, "client is nil"},
		{"nil cluster", (*redis.ClusterClient)(nil), nil, "client is nil"},
		{"late cluster", cluster, nil, "ContextTimeoutEnabled"},
		{"accepted", plain, late, ""},
		{"accepted cluster", cluster, late, ""},
		{"ring", ring, late, "Ring"},
	}
	for _, test := range tests {
		_, err := redisbus.New(test.client, "ch", test.opts)
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: refused: %v", test.name, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}
