// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package redisdist_test runs the distributed layer redisdist against real
// servers.
package redisdist_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
)

const patience = 10 * time.Second

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// open returns a layer on url that is closed at the end of the test.
func open(tb testing.TB, url string, opts *redisdist.OpenOptions) *redisdist.Layer {
	tb.Helper()
	l, err := redisdist.Open(url, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return l
}

// openThrough returns a layer whose client dials through the network faults.
func openThrough(tb testing.TB, url string, faults *redistest.Faults) *redisdist.Layer {
	tb.Helper()
	options, err := redisdist.ClientOptions(url, nil)
	if err != nil {
		tb.Fatal(err)
	}
	options.Dialer = faults.Dial
	client := redis.NewUniversalClient(options)
	tb.Cleanup(func() { _ = client.Close() })
	l, err := redisdist.New(client, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// within returns a context that ends after d or with the test.
func within(tb testing.TB, d time.Duration) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), d)
	tb.Cleanup(cancel)
	return ctx
}

func mustSet(tb testing.TB, l *redisdist.Layer, key, value string) {
	tb.Helper()
	if err := l.Set(within(tb, patience), key, []byte(value), time.Minute); err != nil {
		tb.Fatal(err)
	}
}

func wantValue(tb testing.TB, l *redisdist.Layer, key, want string) {
	tb.Helper()
	data, ok, err := l.Get(within(tb, patience), key)
	if err != nil || !ok || string(data) != want {
		tb.Errorf("get %q: %q, %v, %v, want %q", key, data, ok, err, want)
	}
}
