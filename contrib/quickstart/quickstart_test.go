// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package quickstart

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

func cancelled(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}

type product struct {
	Name  string
	Price int
}

func load(_ context.Context, key string) (product, error) { return product{"product " + key, 995}, nil }

// use closes the stack at the end of the test, after it has served a value.
func use(t *testing.T, stack *hybrid.Stack, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stack.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	products := hybrid.Must(hybrid.Of[product](stack, "product"))
	for range 2 {
		p, err := products.GetOrSet(t.Context(), "42", load, core.TTL(time.Minute))
		if err != nil || p.Price != 995 {
			t.Errorf("got %v, %v", p, err)
		}
	}
	if p, ok, err := products.Get(t.Context(), "42"); err != nil || !ok || p.Name != "product 42" {
		t.Errorf("memory has %v, %v, %v", p, ok, err)
	}
}

func TestMemory_ServesFromEitherMemoryLayer(t *testing.T) {
	for _, o := range []*Options{nil, {MemoryBytes: 1 << 20}, {MemoryEntries: 100}} {
		stack, err := Memory(o)
		use(t, stack, err)
	}
}

// Nothing listens on port 1.
func TestSeed_BL18_ServersThatAreDownDoNotKeepAServiceFromStarting(t *testing.T) {
	for name, open := range map[string]func(*Options) (*hybrid.Stack, error){
		"redis": func(o *Options) (*hybrid.Stack, error) { return Redis(t.Context(), "redis://127.0.0.1:1", "shop", o) },
		"nats":  func(o *Options) (*hybrid.Stack, error) { return NATS(t.Context(), "nats://127.0.0.1:1", "shop", o) },
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			stack, err := open(nil)
			if took := time.Since(start); took > time.Second {
				t.Errorf("it took %v", took)
			}
			use(t, stack, err)
			health := stack.Health(t.Context())
			if health.Distributed == nil || health.Backplane == nil {
				t.Errorf("health = %+v, want errors", health)
			}
			required, err := open(&Options{RequireDistributed: true})
			wantRefused(t, required, err, "Options.RequireDistributed")
		})
	}
}

func TestClose_ClosesTheConnectionLast(t *testing.T) {
	settings := &redis.UniversalOptions{Addrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: true}
	c, err := redisConnection(settings, "shop")
	if err != nil {
		t.Fatal(err)
	}
	last := &lastPlugin{}
	stack, err := assemble(&Options{Plugins: []core.Plugin{last}}, c)
	if err != nil {
		t.Fatal(err)
	}
	last.ping = c.distributed.(core.Pinger).Ping
	if err := stack.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if last.seen == nil || errors.Is(last.seen, redis.ErrClosed) {
		t.Errorf("a plugin that closes finds the connection so: %v", last.seen)
	}
	if err := last.ping(t.Context()); !errors.Is(err, redis.ErrClosed) {
		t.Errorf("after Close the connection says %v", err)
	}
}

// lastPlugin pings the server while it closes.
type lastPlugin struct {
	ping func(context.Context) error
	seen error
}

func (*lastPlugin) Name() string { return "last" }

func (p *lastPlugin) Install(h *core.Host) error {
	h.OnClose(func(ctx context.Context) error { p.seen = p.ping(ctx); return nil })
	return nil
}

func TestFailedSetUp_ClosesTheConnection(t *testing.T) {
	closed := 0
	layer, err := natsdist.Open(t.Context(), "nats://127.0.0.1:1", "b", &natsdist.Options{Lazy: true})
	if err != nil {
		t.Fatal(err)
	}
	c := connection{name: "shop", distributed: layer, close: func() error { closed++; return layer.Close() }}
	for _, o := range []Options{{MemoryBytes: 1}, {Plugins: []core.Plugin{nil}}} {
		if stack, err := assemble(&o, c); stack != nil || err == nil {
			t.Errorf("assembled %v, %v", stack, err)
		}
	}
	if closed != 2 {
		t.Errorf("closed %d times, want once per failure", closed)
	}
}

func TestBucketName_IsAlwaysValid(t *testing.T) {
	for name, want := range map[string]string{
		"shop":                   "cache-shop",
		"my_app-2":               "cache-my_app-2",
		"a:b/c d.é":              "cache-a_b_c_d___",
		strings.Repeat("x", 128): "cache-" + strings.Repeat("x", 122),
	} {
		if got := bucketName(name); got != want {
			t.Errorf("bucket of %q = %q, want %q", name, got, want)
		}
	}
}
