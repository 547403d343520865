// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package chance holds what a stack leaves to chance: its identity, and who goes
// first of callers that wake up at the same moment. The simulator, whose runs
// must be the same each time, brings a source of its own, as an ability of a
// plugin; nobody outside of package core can.
package chance

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// Source decides in the place of chance.
type Source interface {
	// Identify fills id, the identity of a stack.
	Identify(id []byte)

	// Woken is called by a caller that has just been woken together with others.
	Woken(ctx context.Context)
}

// Provider is the ability of a plugin to bring a source.
type Provider interface {
	Chance() Source
}

// Inspector is the ability of a source to look into its stack.
type Inspector interface {
	// Inspect is called once, before the stack serves.
	Inspect(memory Memory, debts Debts)
}

// Memory is what an [Inspector] may ask of a stack's first level.
type Memory interface {
	// Trusted reports whether an entry that was last checked then is believed now.
	Trusted(checked, now core.Instant) bool
}

// Debts is what an [Inspector] may ask of what a stack has to write yet.
type Debts interface {
	// Len returns of how many keys, and whether there were too many.
	Len() (keys int, overflow bool)
}

// Inspect lets s look into its stack, if it is able to. s may be nil.
func Inspect(s Source, memory Memory, debts Debts) {
	if i, ok := s.(Inspector); ok {
		i.Inspect(memory, debts)
	}
}

// Of returns the source that one of plugins brings, or nil.
func Of(plugins []core.Plugin) Source {
	for _, p := range plugins {
		if brings, ok := p.(Provider); ok {
			return brings.Chance()
		}
	}
	return nil
}

// Clock returns c, with the ability [Waker] if there is a source.
func Clock(c core.Clock, s Source) core.Clock {
	if s == nil {
		return c
	}
	return clock{c, s}
}

// Waker is the ability of a clock to tell apart callers that wake up at the same
// moment.
type Waker interface {
	Woken(ctx context.Context)
}

type clock struct {
	core.Clock
	source Source
}

// Woken implements [Waker].
func (c clock) Woken(ctx context.Context) { c.source.Woken(ctx) }
