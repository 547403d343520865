// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// shielded returns what f returns, or a *PanicError if it panics.
func shielded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}

// wrapper is what a plugin puts around a part of the stack.
type wrapper[T any] struct {
	plugin string
	wrap   func(T) T
}

// wrapped returns part inside the wrappers. One that panics, or that returns nil, is
// noted and left out.
func wrapped[T any](i *Installed, part T, wrappers []wrapper[T]) T {
	for _, w := range wrappers {
		err := shielded(func() error {
			outer := w.wrap(part)
			if any(outer) == nil {
				return errors.New("its wrapper returned nil")
			}
			part = outer
			return nil
		})
		i.note(w.plugin, err)
	}
	return part
}

// names returns the plugins that the wrappers are of.
func names[T any](wrappers []wrapper[T]) (out []string) {
	for _, w := range wrappers {
		out = append(out, w.plugin)
	}
	return out
}

// shieldedStage returns s, such that a panic is an error of the request and an event.
// A stage that cannot be composed is noted and left out.
func (i *Installed) shieldedStage(plugin string, s Stage) Stage {
	return func(next Handler) Handler {
		var inner Handler
		err := shielded(func() error {
			if inner = s(next); inner == nil {
				return errors.New("its stage returned nil")
			}
			return nil
		})
		i.note(plugin, err)
		if err != nil {
			return next
		}
		return func(ctx context.Context, r Request) (res Result, err error) {
			defer func() {
				if v := recover(); v != nil {
					res, err = Result{}, i.events.pluginPanicked(plugin, v)
				}
			}()
			return inner(ctx, r)
		}
	}
}

// note keeps an error of a plugin for Err.
func (i *Installed) note(plugin string, err error) {
	if err != nil {
		i.failures = append(i.failures, fmt.Errorf("plugin %q: %w", plugin, err))
	}
}

// pluginPanicked tells of a panic of a plugin and returns it as an error.
func (e *Events) pluginPanicked(plugin string, v any) error {
	err := &PanicError{Value: v, Stack: debug.Stack()}
	e.Emit(Event{Kind: PluginPanicked, Detail: plugin, Err: err})
	return fmt.Errorf("plugin %q: %w", plugin, err)
}
