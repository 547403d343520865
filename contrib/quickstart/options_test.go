// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package quickstart

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

// refused returns the options that err names.
func refused(err error) []string {
	var names []string
	var collect func(error)
	collect = func(err error) {
		if o, ok := err.(*core.OptionError); ok {
			names = append(names, o.Option)
			return
		}
		switch e := err.(type) {
		case interface{ Unwrap() []error }:
			for _, err := range e.Unwrap() {
				collect(err)
			}
		case interface{ Unwrap() error }:
			collect(e.Unwrap())
		}
	}
	collect(err)
	return names
}

// wantRefused closes a stack that should not be there.
func wantRefused(t *testing.T, stack *hybrid.Stack, err error, options ...string) {
	t.Helper()
	if stack != nil {
		t.Error("there is a stack")
		_ = stack.Close(t.Context())
	}
	if got := refused(err); !slices.Equal(got, options) {
		t.Errorf("options %q are refused, want %q: %v", got, options, err)
	}
	if err != nil && strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error shows a secret: %v", err)
	}
}

func TestSeed_BL14_MalformedRedisURLIsAnError(t *testing.T) {
	for name, url := range map[string]string{
		"empty":             "",
		"not a url":         "not a url",
		"unknown scheme":    "http://user:s3cret@127.0.0.1",
		"scheme of nats":    "nats://user:s3cret@127.0.0.1",
		"no host":           "redis://:s3cret@",
		"bad port":          "redis://:s3cret@127.0.0.1:port",
		"no database":       "redis://:s3cret@127.0.0.1/s3cret",
		"unknown parameter": "redis://:s3cret@127.0.0.1?s3cret=1",
		"unescaped at":      "redis://:s3cret@s3cret@127.0.0.1",
		"line break":        "redis://:s3cret@127.0.0.1\n",
		"cluster with db":   "redis://:s3cret@a,b/3",
		"socket and host":   "unix://s3cret/run/redis.sock",
	} {
		t.Run(name, func(t *testing.T) {
			stack, err := Redis(t.Context(), url, "shop", nil)
			wantRefused(t, stack, err, "url")
		})
	}
}

func TestSeed_BL14_FormsOfRedisURLAreAccepted(t *testing.T) {
	for _, url := range []string{
		"redis://127.0.0.1:1", "redis://127.0.0.1:1/3", "rediss://user:s3cret@127.0.0.1:1",
		"redis://:s3cret@127.0.0.1:1", "unix:///nowhere/redis.sock?db=1", "redis://127.0.0.1:1,127.0.0.1:2",
		"redis://127.0.0.1:1?cluster=true", "redis://127.0.0.1:1,127.0.0.1:2/0?master=main",
	} {
		t.Run(url, func(t *testing.T) {
			stack, err := Redis(t.Context(), url, "shop", nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := stack.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNATS_RefusesMalformedURLs(t *testing.T) {
	for name, urls := range map[string]string{
		"empty":          "",
		"not a url":      "nats://user:s3cret@host:port",
		"unknown scheme": "redis://user:s3cret@127.0.0.1",
		"no host":        "nats://user:s3cret@",
	} {
		t.Run(name, func(t *testing.T) {
			stack, err := NATS(t.Context(), urls, "shop", nil)
			wantRefused(t, stack, err, "natsdist.urls[0]")
		})
	}
}

func TestName_MustTellApplicationsApart(t *testing.T) {
	for _, name := range []string{"", strings.Repeat("x", 129)} {
		stack, err := Redis(t.Context(), "redis://127.0.0.1:1", name, nil)
		wantRefused(t, stack, err, "name")
		stack, err = NATS(t.Context(), "nats://127.0.0.1:1", name, nil)
		wantRefused(t, stack, err, "name")
	}
}

func TestOptions_AllProblemsAreNamedAtOnce(t *testing.T) {
	stack, err := Redis(t.Context(), "http://x", "", &Options{
		MemoryBytes: -1, MemoryEntries: -1, NATS: natsdist.Options{Replicas: 3},
	})
	wantRefused(t, stack, err, "url", "name", "Options.MemoryBytes", "Options.MemoryEntries", "Options.NATS")
}

func TestOptions_RefusesWhatDoesNotApply(t *testing.T) {
	redis := func(o *Options) (*hybrid.Stack, error) { return Redis(t.Context(), "redis://127.0.0.1:1", "shop", o) }
	for _, c := range []struct {
		open   func(*Options) (*hybrid.Stack, error)
		opts   Options
		option string
	}{
		{Memory, Options{RequireDistributed: true}, "Options.RequireDistributed"},
		{Memory, Options{Breaker: breaker.Options{Distributed: breaker.LayerOptions{Failures: 1}}}, "Options.Breaker"},
		{Memory, Options{Redis: redisdist.OpenOptions{PoolSize: 1}}, "Options.Redis"},
		{Memory, Options{MemoryBytes: 1 << 20, MemoryEntries: 10}, "Options.MemoryEntries"},
		{Memory, Options{Defaults: core.EntryOptions{TTL: -1}}, "EntryOptions.TTL"},
		{redis, Options{MemoryBytes: 1}, "freecachemem.size"},
		{redis, Options{Breaker: breaker.Options{Distributed: breaker.LayerOptions{Failures: -1}}}, "breaker.Options.Distributed.Failures"},
		{redis, Options{Plugins: []core.Plugin{nil}}, "Options.Plugins[0]"},
		{redis, Options{Redis: redisdist.OpenOptions{ReadTimeout: -time.Second}}, "OpenOptions.ReadTimeout"},
	} {
		stack, err := c.open(&c.opts)
		wantRefused(t, stack, err, c.option)
	}
}

func TestEndedContext_OpensNothing(t *testing.T) {
	ctx, cancel := cancelled(t)
	defer cancel()
	if stack, err := Redis(ctx, "redis://127.0.0.1:1", "shop", nil); stack != nil || !errors.Is(err, ctx.Err()) {
		t.Errorf("redis: %v, %v", stack, err)
	}
	if stack, err := NATS(ctx, "nats://127.0.0.1:1", "shop", nil); stack != nil || !errors.Is(err, ctx.Err()) {
		t.Errorf("nats: %v, %v", stack, err)
	}
}
