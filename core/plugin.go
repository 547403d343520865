// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"context"
	"errors"
	"fmt"
)

// Plugin adds something to a stack: it listens, wraps layers, adds stages.
type Plugin interface {
	// Name names the plugin in events and errors.
	Name() string

	// Install is called once per stack, before it serves. An error fails the
	// construction of the stack. h may be kept for [Host.Emit] only.
	Install(h *Host) error
}

// Slot is a named place on the read path where stages can be added.
type Slot uint8

// The slots.
const (
	// Outer is around everything; fresh hits in memory do not pass it.
	Outer Slot = iota + 1
	// AroundLoad is inside the flight, around the factory only: retry, a limit on
	// what the source has to bear.
	AroundLoad
)

// Host is what a plugin may ask of the stack that it is installed in. It is used
// by one goroutine while plugins are installed. What is asked for holds for the life
// of the stack.
//
// The locker and the serializer cannot be wrapped by a plugin. Wrap them before they are
// given to the stack.
type Host struct {
	stack  string
	plugin string
	events *Events
	parts  Installed
}

// Installed is what the plugins of a stack asked for. It is used by one goroutine
// while the stack is constructed, and once more to close.
type Installed struct {
	events      *Events
	memory      []wrapper[MemoryLayer]
	distributed []wrapper[DistributedLayer]
	backplane   []wrapper[Backplane]
	stages      map[Slot][]Stage
	closers     []func(context.Context) error
	failures    []error
}

// Install installs the plugins in order and returns what they asked for. It
// fails with all errors joined, each naming its plugin.
func Install(stack string, events *Events, plugins []Plugin) (*Installed, error) {
	h := &Host{stack: stack, events: events, parts: Installed{events: events, stages: map[Slot][]Stage{}}}
	var errs []error
	for i, p := range plugins {
		h.plugin = fmt.Sprintf("Plugins[%d]", i)
		if p == nil {
			errs = append(errs, &OptionError{Option: h.plugin, Err: errors.New("is nil")})
			continue
		}
		if err := install(p, h); err != nil {
			errs = append(errs, fmt.Errorf("plugin %q: %w", h.plugin, err))
		}
	}
	return &h.parts, errors.Join(errs...)
}

func install(p Plugin, h *Host) error {
	return shielded(func() error {
		h.plugin = p.Name()
		return p.Install(h)
	})
}

// Stack returns the name of the stack.
func (h *Host) Stack() string { return h.stack }

// OnEvent has fn called with every event of the kinds in mask. See
// [Events.Listen].
func (h *Host) OnEvent(mask Kind, fn func(Event)) { h.events.Listen(h.plugin, mask, fn) }

// OnEventBriefly is OnEvent for a fn that keeps the key of no event once it has
// returned. See [Events.ListenBriefly].
func (h *Host) OnEventBriefly(mask Kind, fn func(Event)) {
	h.events.ListenBriefly(h.plugin, mask, fn)
}

// Emit delivers an event of the plugin's own.
func (h *Host) Emit(ev Event) { h.events.Emit(ev) }

// WrapMemory puts w around the memory layer, outside of what earlier plugins put there.
// For a w that panics or returns nil the same holds as for [Host.WrapDistributed]. If
// what it returns panics, a read is a miss and a write is refused, and what was to be
// replaced or removed is not shown any more.
//
// Every hit passes what w returns, and what shields the stack from it: that costs some
// nanoseconds, and without a wrapper nothing. A layer of bytes stays one. If what w
// returns is no [ByteMemory] and has no Unwrap, it is asked for hits by Get, which makes
// an entry for each and takes twice as long; if it has Unwrap, hits pass it by. See [As]
// for that and the other abilities: [Clearer], [Lener], [EvictionTeller].
func (h *Host) WrapMemory(w func(MemoryLayer) MemoryLayer) {
	h.parts.memory = append(h.parts.memory, wrapper[MemoryLayer]{h.plugin, w})
}

// WrapDistributed puts w around the distributed layer, outside of what earlier
// plugins put there. If w panics or returns nil, the stack is not constructed. If
// what it returns panics when a stack calls it, the call fails, and a PluginPanicked
// event names the plugins around the layer.
func (h *Host) WrapDistributed(w func(DistributedLayer) DistributedLayer) {
	h.parts.distributed = append(h.parts.distributed, wrapper[DistributedLayer]{h.plugin, w})
}

// WrapBackplane puts w around the backplane, outside of what earlier plugins put
// there. For panics the same holds as for [Host.WrapDistributed]; but nobody can
// shield the process from one on a goroutine that the backplane has started itself.
func (h *Host) WrapBackplane(w func(Backplane) Backplane) {
	h.parts.backplane = append(h.parts.backplane, wrapper[Backplane]{h.plugin, w})
}

// AddStage adds a stage at a slot, inside of what earlier plugins added there. If s
// panics or returns nil, the stack is not constructed. If its handler panics, the
// request fails, as it does for a factory that panics, and a PluginPanicked event
// names the plugin.
func (h *Host) AddStage(at Slot, s Stage) {
	h.parts.stages[at] = append(h.parts.stages[at], h.parts.shieldedStage(h.plugin, s))
}

// OnClose has fn called when the stack closes, after its flights have ended, in
// reverse order of installation. fn must return when its context ends.
func (h *Host) OnClose(fn func(context.Context) error) {
	h.parts.closers = append(h.parts.closers, fn)
}

// Memory returns m inside all wrappers but those that fail; see [Installed.Err].
func (i *Installed) Memory(m MemoryLayer) MemoryLayer { return wrapped(i, m, i.memory) }

// Distributed returns d inside all wrappers but those that fail; see [Installed.Err].
func (i *Installed) Distributed(d DistributedLayer) DistributedLayer {
	return wrapped(i, d, i.distributed)
}

// Backplane returns b inside all wrappers but those that fail; see [Installed.Err].
func (i *Installed) Backplane(b Backplane) Backplane {
	return wrapped(i, b, i.backplane)
}

// Wrappers returns the names of the plugins that wrap the part at a level, innermost
// first: LevelMemory, LevelDistributed or LevelBackplane.
func (i *Installed) Wrappers(at Level) []string {
	switch at {
	case LevelMemory:
		return names(i.memory)
	case LevelDistributed:
		return names(i.distributed)
	case LevelBackplane:
		return names(i.backplane)
	}
	return nil
}

// Err returns what has gone wrong so far when wrappers and stages were put in their
// places, joined; each error names its plugin.
func (i *Installed) Err() error { return errors.Join(i.failures...) }

// Stages returns the stages added at a slot, outermost first. One that fails when it
// is composed passes requests on; see [Installed.Err].
func (i *Installed) Stages(at Slot) []Stage { return i.stages[at] }

// Close calls the close hooks, last installed first, and joins their errors. One
// that panics gives a [PanicError], and the others are called all the same.
func (i *Installed) Close(ctx context.Context) error {
	var errs []error
	for n := len(i.closers) - 1; n >= 0; n-- {
		errs = append(errs, shielded(func() error { return i.closers[n](ctx) }))
	}
	return errors.Join(errs...)
}
