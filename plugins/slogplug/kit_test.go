// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package slogplug_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/slogplug"
)

// book is a handler that keeps every record as a line of text without time.
type book struct {
	level slog.Level
	mu    sync.Mutex
	lines []string
}

func (b *book) Enabled(_ context.Context, level slog.Level) bool { return level >= b.level }
func (b *book) WithAttrs([]slog.Attr) slog.Handler               { return b }
func (b *book) WithGroup(string) slog.Handler                    { return b }

func (b *book) Handle(ctx context.Context, r slog.Record) error {
	var line strings.Builder
	text := slog.NewTextHandler(&line, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	if err := text.Handle(ctx, r); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, strings.TrimSpace(line.String()))
	return nil
}

func (b *book) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.lines...)
}

func (b *book) text() string { return strings.Join(b.all(), "\n") }

// install puts a plugin that writes to b into a stack.
func install(tb testing.TB, b *book, opts *slogplug.Options) (*core.Events, *core.Installed) {
	tb.Helper()
	p, err := slogplug.New(slog.New(b), opts)
	if err != nil {
		tb.Fatal(err)
	}
	events := core.NewEvents("shop")
	parts, err := core.Install("shop", events, []core.Plugin{p})
	if err != nil {
		tb.Fatal(err)
	}
	return events, parts
}

// kinds returns every kind of event.
func kinds() []core.Kind {
	var all []core.Kind
	for k := core.Kind(1); k&core.AllKinds != 0; k <<= 1 {
		all = append(all, k)
	}
	return all
}
