// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestOpen_RefusesBadURLsWithoutShowingThem(t *testing.T) {
	for name, urls := range map[string]string{
		"no URL":          "nats://user:s3cret@host:port",
		"bad escape":      "nats://user:s3cret%zz@host",
		"unknown scheme":  "redis://user:s3cret@host:6379",
		"no host":         "nats://user:s3cret@",
		"second of two":   "nats://host, nats://user:s3cret@host:port",
		"empty":           "",
		"empty in a list": "nats://host,,nats://user:s3cret@host2",
		"control byte":    "nats://user:s3cret\x7f@host",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), urls, "b", nil)
			if _, ok := errors.AsType[*core.OptionError](err); !ok {
				t.Errorf("error = %v, want one about an option", err)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error shows the password: %v", err)
			}
		})
	}
}

func TestCheckURLs_AcceptsWhatTheClientAccepts(t *testing.T) {
	for _, urls := range []string{
		"nats://host", "host", "host:4222", "user:pass@host", "tls://host:4443", "ws://host", "wss://host",
		"nats://token@host", "nats://[::1]:4222", "nats://a, nats://b ,c",
	} {
		if err := checkURLs(urls); err != nil {
			t.Errorf("%q: %v", urls, err)
		}
	}
}

// silent returns the address of a server that accepts and never says a word.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestOpen_KeepsTheDeadlineWithASilentServer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := Open(ctx, "nats://"+silent(t)+",nats://"+silent(t), "b", nil)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want %v", err, context.DeadlineExceeded)
	}
	if took := time.Since(start); took > 900*time.Millisecond {
		t.Errorf("took %v, the deadline was 100ms", took)
	}
}

func TestOpen_CancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, lazy := range []bool{false, true} {
		if _, err := Open(ctx, "nats://"+silent(t), "b", &Options{Lazy: lazy}); !errors.Is(err, context.Canceled) {
			t.Errorf("lazy %v: error = %v, want %v", lazy, err, context.Canceled)
		}
	}
}

func TestOpen_LazyWithoutAServer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	l, err := Open(ctx, "nats://user:s3cret@"+silent(t), "b", &Options{Lazy: true, Conn: []nats.Option{nats.Name("n")}})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, _, err := l.Get(t.Context(), "k"); !errors.Is(err, nats.ErrDisconnected) {
		t.Errorf("Get: %v, want %v", err, nats.ErrDisconnected)
	}
	if took := time.Since(start); took > 100*time.Millisecond {
		t.Errorf("Get took %v, it should fail at once", took)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if err := l.Set(t.Context(), "k", nil, time.Minute); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("Set after Close: %v, want %v", err, nats.ErrConnectionClosed)
	}
}
