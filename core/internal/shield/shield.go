// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package shield keeps the process from a panic in what plugins have put around a
// layer or a backplane: the call that panics fails, and listeners hear of it. Calls that
// do not panic cost no allocation.
package shield

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/fusioncache-go/fusioncache/core"
)

// guard turns panics into errors and events.
type guard struct {
	plugins string
	events  *core.Events
}

func newGuard(plugins []string, events *core.Events) guard {
	return guard{strings.Join(plugins, ", "), events}
}

// catch is for a method to defer: it puts a panic in the place of the method's error.
func (g *guard) catch(err *error) {
	if v := recover(); v != nil {
		panicked := &core.PanicError{Value: v, Stack: debug.Stack()}
		*err = fmt.Errorf("plugin %q: %w", g.plugins, panicked)
		g.events.Emit(core.Event{Kind: core.PluginPanicked, Detail: g.plugins, Err: panicked})
	}
}
