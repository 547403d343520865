// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package natsdist_test runs the distributed layer natsdist against real
// servers, which it starts itself.
package natsdist_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/core"
)

const (
	patience = 30 * time.Second
	life     = time.Hour
)

// open returns a layer on bucket "b" that is closed when the test ends.
func open(tb testing.TB, url string, opts *natsdist.Options) *natsdist.Layer {
	tb.Helper()
	l, err := natsdist.Open(within(tb, patience), url, "b", opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l
}

// openThrough returns a layer whose connection goes through a proxy, and never to
// what the server says of its cluster.
func openThrough(tb testing.TB, s *natstest.Server, opts *natsdist.Options) (*natsdist.Layer, *netfault.Proxy) {
	tb.Helper()
	proxy, err := netfault.New(s.Addr())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = proxy.Close() })
	var o natsdist.Options
	if opts != nil {
		o = *opts
	}
	o.Conn = append(slices.Clip(o.Conn), nats.IgnoreDiscoveredServers())
	return open(tb, s.URLTo(proxy.Addr()), &o), proxy
}

// streams returns a handle on a connection of its own, to look behind a layer.
func streams(tb testing.TB, s *natstest.Server) jetstream.JetStream {
	tb.Helper()
	js, err := jetstream.New(s.Connect(tb, natsdist.ConnOptions()...))
	if err != nil {
		tb.Fatal(err)
	}
	return js
}

// state returns how much the server holds in bucket "b".
func state(tb testing.TB, js jetstream.JetStream) jetstream.StreamState {
	tb.Helper()
	stream, err := js.Stream(within(tb, patience), "KV_b")
	if err != nil {
		tb.Fatal(err)
	}
	return stream.CachedInfo().State
}

func mustSet(tb testing.TB, l core.DistributedLayer, key, value string) {
	tb.Helper()
	if err := l.Set(within(tb, patience), key, []byte(value), life); err != nil {
		tb.Fatal(err)
	}
}

func wantValue(tb testing.TB, l core.DistributedLayer, key, want string) {
	tb.Helper()
	data, ok, err := l.Get(within(tb, patience), key)
	if !ok || err != nil || string(data) != want {
		tb.Errorf("Get(%q) = %.100q, %v, %v, want %.100q", key, data, ok, err, want)
	}
}

func wantMiss(tb testing.TB, l core.DistributedLayer, key string) {
	tb.Helper()
	if data, ok, err := l.Get(within(tb, patience), key); ok || err != nil {
		tb.Errorf("Get(%q) = %.100q, %v, %v, want a miss", key, data, ok, err)
	}
}

// wantErrors expects all operations to fail with target at once, nil for any
// error. A miss would be worse than no answer.
func wantErrors(tb testing.TB, l *natsdist.Layer, target error) {
	tb.Helper()
	ctx := within(tb, patience)
	start := time.Now()
	_, ok, err := l.Get(ctx, "k")
	if ok {
		tb.Error("Get hits")
	}
	for op, err := range map[string]error{
		"Get": err, "Set": l.Set(ctx, "k", nil, life), "Delete": l.Delete(ctx, "k"), "Ping": l.Ping(ctx),
	} {
		if err == nil || target != nil && !errors.Is(err, target) {
			tb.Errorf("%s: %v, want %v", op, err, target)
		}
	}
	if took := time.Since(start); took > time.Second {
		tb.Errorf("four operations took %v to fail", took)
	}
}

// settable waits until a write succeeds and returns how long that took.
func settable(tb testing.TB, l *natsdist.Layer) time.Duration {
	tb.Helper()
	start := time.Now()
	natstest.WaitFor(tb, patience, "a write to succeed", func() bool {
		return l.Set(within(tb, time.Second), "settable", nil, life) == nil
	})
	return time.Since(start)
}

// within returns a context that ends after d or with the test.
func within(tb testing.TB, d time.Duration) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), d)
	tb.Cleanup(cancel)
	return ctx
}

// portOf returns the port on which clients reach s.
func portOf(tb testing.TB, s *natstest.Server) int {
	tb.Helper()
	_, text, err := net.SplitHostPort(s.Addr())
	if err != nil {
		tb.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		tb.Fatal(err)
	}
	return port
}

// quick are options for tests that do not care how fast a connection is tried
// again.
func quick() []nats.Option {
	return []nats.Option{nats.CustomReconnectDelay(func(int) time.Duration { return 20 * time.Millisecond })}
}
