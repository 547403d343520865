// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/backplanes/redistracking"
	"github.com/fusioncache-go/fusioncache/core"
)

func TestPublish_IsThatOfTheOtherBackplane(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b, err := redistracking.New(r.server.client(t), r.bus, []string{"e:"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.bus.failed = errors.New("failed")
		if err := b.Publish(t.Context(), []byte("a")); err != r.bus.failed || !slices.Equal(r.bus.sent, []string{"a"}) {
			t.Errorf("%v, sent %q", err, r.bus.sent)
		}
		if r.server.dials != 0 {
			t.Error("the server was asked")
		}
	})
}

func TestPing_AsksBoth(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		client := r.server.client(t)
		b, err := redistracking.New(client, r.bus, []string{"e:"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Ping(t.Context()); err != nil || r.server.pings != 1 {
			t.Errorf("%v after %d pings", err, r.server.pings)
		}
		r.bus.failed = errors.New("failed")
		if err := b.Ping(t.Context()); err != r.bus.failed {
			t.Errorf("%v, want the other backplane's", err)
		}
		r.server.set(func() { r.server.mute = "ping" })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := b.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the end of the context", err)
		}
		if err := b.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the end of the context", err)
		}
	})
}

func TestNew_NamesAllProblems(t *testing.T) {
	_, err := redistracking.New(nil, nil, []string{"", "a:", "a:b", "a:b"}, &redistracking.Options{Liveness: -1})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"client is nil", "inner backplane is nil", "prefix 0 is empty", `prefix "a:b" begins with another one`, "Options.Liveness",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q: %v", want, err)
		}
	}
	if option, ok := errors.AsType[*core.OptionError](err); !ok || option.Option != "Options.Liveness" {
		t.Errorf("no option error in %v", err)
	}
	if _, err := redistracking.New(nil, nil, nil, nil); err == nil || !strings.Contains(err.Error(), "no prefixes") {
		t.Errorf("no prefixes: %v", err)
	}
}

func TestNew_RefusesClientsWithoutSettings(t *testing.T) {
	ring := redis.NewRing(&redis.RingOptions{})
	defer func() { _ = ring.Close() }()
	plain := redis.NewClient(&redis.Options{})
	defer func() { _ = plain.Close() }()
	cluster := redis.NewClusterClient(&redis.ClusterOptions{})
	defer func() { _ = cluster.Close() }()
	for _, test := range []struct {
		client redis.UniversalClient
		want   string // part of the error; empty: none
	}{
		{(*redis.Client)(nil), "client is nil"},
		{(*redis.ClusterClient)(nil), "client is nil"},
		{ring, "*redis.Ring"},
		{plain, ""},
		{cluster, ""},
	} {
		_, err := redistracking.New(test.client, &bus{}, []string{"e:"}, nil)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%T: got %v, want %q", test.client, err, test.want)
		}
	}
}
