// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package quickstart_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/contrib/quickstart"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/slogplug"
)

func TestSeed_BL18_StartsWithoutRedisAndJoinsLater(t *testing.T) {
	startsWithoutItsServer(t, onRedis, redistest.Start(t, nil).Addr())
}

func TestSeed_BL18_StartsWithoutNATSAndJoinsLater(t *testing.T) {
	startsWithoutItsServer(t, onNATS, natstest.Start(t, nil).Addr())
}

// A node that starts while its server is down serves without it, and joins it
// when it appears.
func startsWithoutItsServer(t *testing.T, open opener, addr string) {
	proxy := proxied(t, addr)
	cutOff(proxy)

	_, err := open(t.Context(), proxy.Addr(), &quickstart.Options{RequireDistributed: true})
	wantOption(t, err, "Options.RequireDistributed")

	begin := time.Now()
	a := start(t, open, proxy.Addr(), quickstart.Options{Defaults: defaults()})
	if took := time.Since(begin); took > time.Second {
		t.Errorf("the start took %v", took)
	}
	if v, err := a.GetOrSet(t.Context(), "k", a.loading(1)); v != 1 || err != nil {
		t.Errorf("without a server: %d, %v", v, err)
	}
	if h := a.stack.Health(t.Context()); h.Distributed == nil || h.Backplane == nil {
		t.Errorf("health without a server: %+v", h)
	}

	proxy.Restore()
	a.joined(t, 3*time.Second)
	redistest.Eventually(t, 3*time.Second, "the node to be well", func() bool { return a.healthy(t) })
	b := start(t, open, addr, quickstart.Options{Defaults: defaults(), RequireDistributed: true})
	redistest.Eventually(t, 3*time.Second, "a write to reach another node", func() bool {
		return a.mustSet(t, "k", 2) == core.Committed && b.has(t, "k", 2)
	})
}

// The forms of URL of a single server, each against one.
func TestSeed_BL14_FormsOfURLReachTheServer(t *testing.T) {
	open := redistest.Start(t, &redistest.Options{Socket: true})
	locked := redistest.Start(t, &redistest.Options{Password: "s3cret", Users: []string{"app on >s3cret allkeys allchannels +@all"}, TLS: true})
	secure := quickstart.Options{RequireDistributed: true, Redis: redisdist.OpenOptions{TLS: locked.TLSConfig()}}
	for name, c := range map[string]struct {
		url  string
		opts quickstart.Options
	}{
		"plain":            {open.URL(), quickstart.Options{RequireDistributed: true}},
		"database":         {open.URL() + "/3", quickstart.Options{RequireDistributed: true}},
		"socket":           {"unix://" + open.Socket(), quickstart.Options{RequireDistributed: true}},
		"tls and password": {locked.URL(), secure},
		"tls and user":     {"rediss://app:s3cret@" + locked.Addr(), secure},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, byURL, c.url, c.opts)
			n.joined(t, 5*time.Second)
			if got := n.mustSet(t, "k", 1, core.TTL(time.Minute)); got != core.Committed {
				t.Errorf("set: %v", got)
			}
		})
	}
}

func TestSeed_BL14_RefusedPasswordIsNotShown(t *testing.T) {
	client := logOfClient(t)
	s := redistest.Start(t, &redistest.Options{Password: "right"})
	u := url.URL{Scheme: "redis", Host: s.Addr(), User: url.UserPassword("", "s3cret")}
	_, err := quickstart.Redis(t.Context(), u.String(), "shop", &quickstart.Options{RequireDistributed: true})
	wantOption(t, err, "Options.RequireDistributed")
	if err != nil && strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error shows the password: %v", err)
	}

	// Nor is it in what is logged of a node that goes on without its server.
	var log bytes.Buffer
	logs, err := slogplug.New(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), &slogplug.Options{Limit: -1})
	if err != nil {
		t.Fatal(err)
	}
	stack, err := quickstart.Redis(t.Context(), u.String(), "shop", &quickstart.Options{Plugins: []core.Plugin{logs}})
	if err != nil {
		t.Fatal(err)
	}
	c := hybrid.Must(hybrid.Of[int](stack, "v"))
	if _, err := c.Set(t.Context(), "k", 1, core.ReturnLayerErrors(true)); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("set: %v", err)
	}
	s.Kill(t)
	if _, err := c.Set(t.Context(), "k", 2, core.ReturnLayerErrors(true)); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("set without a server: %v", err)
	}
	_ = stack.Close(t.Context()) // the write is left over
	if out := log.String(); !strings.Contains(out, "level=") || strings.Contains(out, "s3cret") {
		t.Errorf("logged: %s", out)
	}

	// go-redis has a log of its own, for the whole process.
	if out := client.text(); out == "" || strings.Contains(out, "s3cret") {
		t.Errorf("logged by the client: %s", out)
	}
}

func TestSentinelAndCluster_Serve(t *testing.T) {
	t.Run("cluster", func(t *testing.T) {
		twoNodesAgree(t, byURL, redistest.StartCluster(t).URL())
	})
	t.Run("sentinel", func(t *testing.T) {
		twoNodesAgree(t, byURL, "redis://"+redistest.StartSentinel(t).Addr()+"?master="+redistest.MasterName)
	})
}

// byURL is an opener for a whole URL.
func byURL(ctx context.Context, url string, o *quickstart.Options) (*hybrid.Stack, error) {
	return quickstart.Redis(ctx, url, "shop", o)
}

func twoNodesAgree(t *testing.T, open opener, addr string) {
	a := start(t, open, addr, quickstart.Options{RequireDistributed: true, Defaults: defaults()})
	b := start(t, open, addr, quickstart.Options{RequireDistributed: true, Defaults: defaults(), MemoryEntries: 100})
	a.joined(t, 5*time.Second)
	b.joined(t, 5*time.Second)
	a.mustSet(t, "k", 1)
	b.wantSoon(t, 3*time.Second, "k", 1)
	a.mustSet(t, "k", 2)
	b.wantSoon(t, 3*time.Second, "k", 2)
}

// A bucket that is there already and cannot be used is an error at once.
func TestNATS_RefusesAnUnsuitableBucket(t *testing.T) {
	s := natstest.Start(t, nil)
	js, err := jetstream.New(s.Connect(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "cache-shop", History: 5}); err != nil {
		t.Fatal(err)
	}
	stack, err := quickstart.NATS(t.Context(), s.URL(), "shop", nil)
	if stack != nil || !errors.Is(err, natsdist.ErrBucket) {
		t.Errorf("got %v, %v, want ErrBucket", stack, err)
	}
}

func TestNATS_TwoNodesAgree(t *testing.T) {
	s := natstest.Start(t, nil)
	twoNodesAgree(t, onNATS, s.Addr())
	// A name that would not be a subject as it is.
	twoNodesAgree(t, func(ctx context.Context, addr string, o *quickstart.Options) (*hybrid.Stack, error) {
		return quickstart.NATS(ctx, "nats://"+addr, "eu..shop", o)
	}, s.Addr())
}

func wantOption(t *testing.T, err error, option string) {
	t.Helper()
	if o, ok := errors.AsType[*core.OptionError](err); !ok || o.Option != option {
		t.Errorf("error = %v, want one about %s", err, option)
	}
}

// clientLog is what go-redis logs.
type clientLog struct {
	mu  sync.Mutex
	buf strings.Builder
}

// logOfClient keeps all that go-redis logs until the test ends.
func logOfClient(t *testing.T) *clientLog {
	l := &clientLog{}
	redis.SetLogger(l)
	logging.SetLogLevel(logging.LogLevelDebug)
	t.Cleanup(func() {
		logging.SetLogLevel(logging.LogLevelError)
		logging.Disable()
	})
	return l
}

func (l *clientLog) Printf(_ context.Context, format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(&l.buf, format+"\n", v...)
}

func (l *clientLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
