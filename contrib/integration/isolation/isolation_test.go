// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package isolation_test proves on real servers that stacks with different names
// have nothing in common there, whatever the names.
package isolation_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/adapters/natslock"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/adapters/redislock"
	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// hostile are names that are close to each other, or mean something to a server or
// to the layout of keys.
var hostile = []string{
	"a", "A", "a:", ":a", "a:1", "a:1:e:", "a:1:e:v:k", "a:1:bus", "a%3a", "a%3A1", "a%", "%", "=", "a=3a", "a b", " a", "a ",
	"a.b", "a..b", ".", "..", ".a", "a.", "*", "a*", "a.*", ">", "a.>", "$KV", "$JS.API", "_INBOX", "{a}", "{a}b", "a{", "?", "[ab]", `a\`,
	"a\x00", "\x00", "a\r\nb", "a\nPUBLISH x y", "\xff", "\xff\xfe", "\xc3\x28", "ä", "a\u0308", "\U0001f512", strings.Repeat("a", 128), strings.Repeat("a", 127),
	strings.Repeat(":", 128), strings.Repeat("\xff", 128),
}

// names returns the hostile names and random ones made of their bytes.
func names(t *testing.T, random int) []string {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	bytes := strings.Join(hostile[:40], "")
	all := append([]string(nil), hostile...)
	seen := map[string]bool{}
	for _, n := range all {
		seen[n] = true
	}
	for len(all) < len(hostile)+random {
		var b strings.Builder
		for range 1 + rng.IntN(6) {
			b.WriteByte(bytes[rng.IntN(len(bytes))])
		}
		if !seen[b.String()] {
			seen[b.String()] = true
			all = append(all, b.String())
		}
	}
	return all
}

// tenant is a stack with a view of a hostile name.
type tenant struct {
	name  string
	stack *hybrid.Stack
	cache *hybrid.Cache[string]
	heard atomic.Int64 // messages that were not its own
}

// parts are what a stack called name has on the one server.
type parts func(name string) hybrid.Options

func open(t *testing.T, names []string, on parts) (tenants []*tenant) {
	t.Helper()
	for i, name := range names {
		o := on(name)
		o.Name = name
		o.Memory = hybrid.Must(ottermem.New(nil))
		o.Serializer = hybrid.Must(msgpackser.New(nil))
		o.Defaults = core.EntryOptions{TTL: time.Hour, StaleTTL: 2 * time.Hour, NodeLock: 10 * time.Second, ReturnLayerErrors: true}
		stack, err := hybrid.New(o)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			_ = stack.Close(ctx)
		})
		one := &tenant{name: name, stack: stack, cache: hybrid.Must(hybrid.Of[string](stack, names[len(names)-1-i]))}
		stack.Events().Listen("test", core.MessageReceived|core.MessageRejected, func(core.Event) { one.heard.Add(1) })
		tenants = append(tenants, one)
	}
	return tenants
}

const key = "k:1:e:v:k"

// want expects what a tenant has on the server under key.
func (a *tenant) want(t *testing.T, after, want string) {
	t.Helper()
	v, ok, err := a.cache.Get(t.Context(), key, core.Without(core.SkipMemoryRead))
	if v != want || ok != (want != "") || err != nil {
		t.Errorf("%q after %s: got %q, %v, %v, want %q", a.name, after, v, ok, err, want)
	}
}

// isolated proves that what one tenant does happens to no other.
func isolated(t *testing.T, names []string, on parts) {
	t.Helper()
	tenants := open(t, names, on)
	for _, a := range tenants {
		if _, err := a.cache.Set(t.Context(), key, a.name, core.Tags("red")); err != nil {
			t.Fatalf("%q: %v", a.name, err)
		}
	}
	for _, a := range tenants {
		a.want(t, "all have written", a.name)
	}
	var alone []int // those that do nothing
	for i, a := range tenants {
		var err error
		var did string
		switch i % 5 {
		case 4:
			alone = append(alone, i)
			continue
		case 0:
			did = "a removal of"
			_, err = a.cache.Remove(t.Context(), key)
		case 1:
			did = "a removal by tag of"
			_, err = a.stack.RemoveByTag(t.Context(), "red")
		case 2:
			did = "a clearing of"
			_, err = a.stack.Clear(t.Context())
		case 3:
			did = "a load of"
			if _, err = a.cache.Remove(t.Context(), key); err == nil {
				_, err = a.cache.GetOrSet(t.Context(), "other", func(context.Context, string) (string, error) { return a.name, nil })
			}
		}
		if err != nil {
			t.Errorf("%q: %v", a.name, err)
		}
		did = fmt.Sprintf("%s %q", did, a.name)
		a.want(t, did, "")
		if next := i + 1; next < len(tenants) {
			tenants[next].want(t, did, tenants[next].name)
		}
	}
	for _, i := range alone {
		if a := tenants[i]; a.heard.Load() != 0 {
			t.Errorf("%q has heard messages of others", a.name)
		}
	}
	// A node that has just come knows no mark from before.
	fresh := open(t, names, on)
	for _, i := range alone {
		fresh[i].want(t, "all others were changed, on a new node", fresh[i].name)
	}
	// Nobody waits for the locks of another.
	for _, a := range tenants {
		began := time.Now()
		v, err := a.cache.GetOrSet(t.Context(), key, func(context.Context, string) (string, error) { return a.name, nil })
		if v != a.name || err != nil || time.Since(began) > 5*time.Second {
			t.Errorf("%q: got %q, %v after %v", a.name, v, err, time.Since(began))
		}
	}
}

func TestIsolation_Redis(t *testing.T) {
	s := redistest.Start(t, nil)
	client := redis.NewUniversalClient(hybrid.Must(redisdist.ClientOptions(s.URL(), nil)))
	t.Cleanup(func() { _ = client.Close() })
	locks := hybrid.Must(redislock.New(client, nil))
	t.Cleanup(func() { _ = locks.Close() })
	isolated(t, names(t, 100), func(name string) hybrid.Options {
		return hybrid.Options{
			Distributed: hybrid.Must(redisdist.New(client, nil)),
			Backplane:   hybrid.Must(redisbus.New(client, hybrid.Channel(name), nil)),
			Locker:      locks,
		}
	})
}

// All stacks share one bucket, which is not how it should be, but must do no harm.
func TestIsolation_NATS(t *testing.T) {
	s := natstest.Start(t, nil)
	conn := s.Connect(t, natsdist.ConnOptions()...)
	js := hybrid.Must(jetstream.New(conn))
	layer := hybrid.Must(natsdist.New(t.Context(), js, "shared", nil))
	t.Cleanup(func() { _ = layer.Close() })
	locks := hybrid.Must(natslock.New(js, "locks", nil))
	t.Cleanup(func() { _ = locks.Close() })
	isolated(t, names(t, 100), func(name string) hybrid.Options {
		return hybrid.Options{
			Distributed: layer,
			Backplane:   hybrid.Must(natsbus.New(conn, hybrid.Channel(name), nil)),
			Locker:      locks,
		}
	})
}
