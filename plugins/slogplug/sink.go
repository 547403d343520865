// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package slogplug

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// levels is the number of levels of a stack, and one for "none".
const levels = int(core.LevelLock) + 1

// sink is the plugin in one stack.
type sink struct {
	*Plugin
	stack  string
	emit   func(core.Event)
	meters [len(rows)][levels]meter
}

func newSink(p *Plugin, h *core.Host) *sink {
	s := &sink{Plugin: p, stack: h.Stack(), emit: h.Emit}
	for i := range s.meters {
		for level := range s.meters[i] {
			m := &s.meters[i][level]
			m.limit, m.window = int64(p.opts.Limit), p.opts.Window
			m.report = func(n int64) { s.summary(i, core.Level(level), n) }
		}
	}
	return s
}

// event logs ev, if its kind is logged and its window is not used up.
func (s *sink) event(ev core.Event) {
	i, ok := rowOf(ev.Kind)
	if !ok || !s.handler.Enabled(background(), s.levels[i]) || !s.admit(i, ev.Level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs, slog.String("stack", ev.Stack))
	if ev.Level != 0 {
		attrs = append(attrs, slog.String("layer", ev.Level.String()))
	}
	if ev.Op != 0 {
		attrs = append(attrs, slog.String("op", ev.Op.String()))
	}
	if ev.Key != "" {
		attrs = append(attrs, slog.String("key", s.keys.of(ev.Key)))
	}
	if ev.Took != 0 {
		attrs = append(attrs, slog.Duration("took", ev.Took))
	}
	if ev.Age != 0 {
		attrs = append(attrs, slog.Duration("age", ev.Age))
	}
	if ev.Detail != "" {
		attrs = append(attrs, slog.String("detail", s.keys.clean(ev.Detail, ev.Key)))
	}
	if ev.Err != nil {
		attrs = append(attrs, slog.String("error", s.keys.clean(ev.Err.Error(), ev.Key)))
	}
	s.write(i, rows[i].message, attrs)
}

func (s *sink) admit(i int, level core.Level) bool {
	if s.opts.Limit < 0 {
		return true
	}
	if int(level) >= levels {
		level = 0
	}
	return s.meters[i][level].admit()
}

// summary logs how many events a window has left out. It runs on a timer's
// goroutine, where a handler that panics would end the process.
func (s *sink) summary(i int, level core.Level, suppressed int64) {
	defer func() {
		if v := recover(); v != nil {
			s.emit(core.Event{Kind: core.PluginPanicked, Detail: s.Name(), Err: &core.PanicError{Value: v}})
		}
	}()
	attrs := []slog.Attr{slog.String("stack", s.stack)}
	if level != 0 {
		attrs = append(attrs, slog.String("layer", level.String()))
	}
	attrs = append(attrs, slog.Int64("suppressed", suppressed), slog.Duration("window", s.opts.Window))
	s.write(i, rows[i].message+", further times", attrs)
}

// write hands a record to the handler, whose error has nowhere to go.
func (s *sink) write(i int, message string, attrs []slog.Attr) {
	record := slog.NewRecord(time.Now(), s.levels[i], message, 0)
	record.AddAttrs(attrs...)
	_ = s.handler.Handle(background(), record)
}

// close logs what is left of all windows.
func (s *sink) close(ctx context.Context) error {
	var errs []error
	for i := range s.meters {
		for level := range s.meters[i] {
			errs = append(errs, s.meters[i][level].close(ctx))
		}
	}
	return errors.Join(errs...)
}
