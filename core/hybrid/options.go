// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/internal/abilities"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// Options are the parts and the settings of a [Stack]. Only Memory is required.
// The stack closes none of the parts: who made them closes them, after the
// stack.
type Options struct {
	// Name sets the stack apart from others on the same server: it begins every
	// key in the distributed layer. Required with Distributed, the same on every
	// node. Any text of at most 128 bytes.
	Name string

	// Memory is the first level. Required.
	Memory core.MemoryLayer

	// Distributed is the second level, shared by all nodes. Nil: none.
	Distributed core.DistributedLayer

	// Backplane tells the nodes of each other's writes. Nil: none; then other
	// nodes see a write when their own copy expires. Make it with the channel
	// that [Channel] gives for Name.
	Backplane core.Backplane

	// Locker lends locks that the nodes share, for core.NodeLock: a stampede on all
	// nodes makes one load. Nil: none. Needs Distributed.
	Locker core.Locker

	// Serializer encodes values. Required with Distributed and with a memory layer
	// of bytes.
	Serializer core.Serializer

	// Plugins are installed in order.
	Plugins []core.Plugin

	// Defaults are the entry options that views and calls start from.
	Defaults core.EntryOptions

	// MaxFactories bounds the factories that run at a time; a call that would
	// start another gets the stale entry, or waits in the FactoryQueue, or gets
	// core.ErrOverload. Zero: no bound.
	MaxFactories int

	// FactoryQueue is how many loads without a stale entry wait until one of
	// MaxFactories has ended, first come first served; one more gets core.ErrOverload,
	// and so does one that has waited for its LoadTimeout. Its callers join and leave as
	// they do while a factory runs; all keys of a GetOrSetMany wait as one. What a factory
	// asks for does not wait, as it might wait for that factory. Zero: none. Needs
	// MaxFactories.
	FactoryQueue int

	// MaxRefreshes bounds the refreshes that run in the background at a time; one too
	// many waits for its next turn, EntryOptions.Throttle later. They never take more
	// than half of MaxFactories from callers who wait. Zero: 64.
	MaxRefreshes int

	// MaxAbandoned bounds the factories that were cancelled and have not returned.
	// Zero: 1024.
	MaxAbandoned int

	// Background bounds what core.BackgroundWrites does.
	Background coherence.BackgroundLimits

	// Shared bounds what goes to the distributed layer, and for how long tombstones stay.
	// Its zero value is the right one for most, as those of Pulse and Recovery are.
	Shared coherence.SharedOptions

	// Pulse says when nodes are believed to hear each other.
	Pulse coherence.PulseOptions

	// Recovery says how writes that have failed are made good.
	Recovery coherence.RecoveryOptions

	// MessageKeys authenticate the messages of the backplane, with HMAC-SHA-256: a
	// message that is not sealed with one of them is counted and ignored. The first
	// seals; at most 8, of 16 bytes or more. All nodes need them. To replace a key, add the new
	// one behind the old on all nodes, then put it in front on all, then drop the old
	// one. None: messages are not authenticated; one that is forged can only
	// invalidate. Needs Backplane.
	MessageKeys [][]byte

	// RequireDistributed makes New fail when the distributed layer does not answer
	// within core.DefaultDistributedTimeout. Otherwise the stack starts with what
	// it has. Needs a layer that is a core.Pinger.
	RequireDistributed bool

	// Wall tells wall-clock time, for instants that leave the process. Nil:
	// time.Now.
	Wall func() time.Time
}

const maxNameLen = 128

// validate returns all that is wrong with o, joined.
func (o *Options) validate() error {
	var errs []error
	bad := func(option, why string, args ...any) {
		errs = append(errs, &core.OptionError{Option: "Options." + option, Err: fmt.Errorf(why, args...)})
	}
	for _, part := range []struct {
		name string
		part any
	}{
		{"Memory", o.Memory}, {"Distributed", o.Distributed}, {"Backplane", o.Backplane}, {"Locker", o.Locker}, {"Serializer", o.Serializer},
	} {
		if v := reflect.ValueOf(part.part); v.Kind() == reflect.Pointer && v.IsNil() {
			bad(part.name, "is a nil %T", part.part)
		}
	}
	if o.Memory == nil {
		bad("Memory", "is required")
	}
	if o.Distributed != nil && o.Name == "" {
		bad("Name", "is required with Distributed")
	}
	if o.Distributed == nil && o.Locker != nil {
		bad("Locker", "needs Distributed")
	}
	if o.Backplane == nil && len(o.MessageKeys) > 0 {
		bad("MessageKeys", "needs Backplane")
	}
	if _, err := wire.NewSeal("", o.MessageKeys...); err != nil {
		bad("MessageKeys", "%w", err)
	}
	if (o.Distributed == nil || len(o.MessageKeys) == 0) && o.Defaults.Push {
		bad("Defaults.Push", "needs Distributed and MessageKeys")
	}
	if o.Defaults.Push && abilities.Conceals(o.Distributed) {
		bad("Defaults.Push", "would show values that Distributed conceals")
	}
	if o.Locker == nil && o.Defaults.NodeLock > 0 {
		bad("Defaults.NodeLock", "needs Locker")
	}
	if len(o.Name) > maxNameLen {
		bad("Name", "has %d bytes, at most %d are allowed", len(o.Name), maxNameLen)
	}
	_, bytes := core.As[core.ByteMemory](o.Memory)
	if o.Serializer == nil && (o.Distributed != nil || bytes) {
		bad("Serializer", "is required with a distributed layer or a memory layer of bytes")
	}
	if o.Serializer == nil && o.Defaults.Clone {
		bad("Defaults.Clone", "needs Serializer")
	}
	o.validateLimits(bad)
	if o.RequireDistributed {
		if _, ok := core.As[core.Pinger](o.Distributed); !ok {
			bad("RequireDistributed", "needs a distributed layer that can be pinged")
		}
	}
	for _, group := range []struct {
		name    string
		options any
	}{
		{"Background", o.Background}, {"Shared", o.Shared}, {"Pulse", o.Pulse}, {"Recovery", o.Recovery},
	} {
		for _, field := range negative(group.options) {
			bad(group.name+"."+field, "must not be negative")
		}
	}
	if err := o.Pulse.Validate(); err != nil {
		bad("Pulse", "%w", err)
	}
	if err := o.Shared.Validate(); err != nil {
		bad("Shared", "%w", err)
	}
	return errors.Join(append(errs, o.Defaults.Validate())...)
}

// validateLimits tells bad what is wrong with the bounds on factories.
func (o *Options) validateLimits(bad func(option, why string, args ...any)) {
	for _, limit := range []struct {
		name string
		n    int
	}{
		{"MaxFactories", o.MaxFactories}, {"FactoryQueue", o.FactoryQueue}, {"MaxRefreshes", o.MaxRefreshes}, {"MaxAbandoned", o.MaxAbandoned},
	} {
		if limit.n < 0 {
			bad(limit.name, "must not be negative")
		}
	}
	if o.FactoryQueue > 0 && o.MaxFactories == 0 {
		bad("FactoryQueue", "needs MaxFactories")
	}
}

// refreshes returns how many refreshes may run at a time.
func (o *Options) refreshes() int {
	n := cmp.Or(o.MaxRefreshes, 64)
	if o.MaxFactories > 0 {
		n = min(n, max(1, o.MaxFactories/2))
	}
	return n
}

// negative returns the fields of a struct of numbers that are below zero.
func negative(options any) (names []string) {
	v := reflect.ValueOf(options)
	for _, field := range reflect.VisibleFields(v.Type()) {
		if f := v.FieldByIndex(field.Index); f.CanInt() && f.Int() < 0 {
			names = append(names, field.Name)
		}
	}
	return names
}
