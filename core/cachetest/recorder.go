// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package cachetest

import (
	"slices"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// Recorder is a plugin that notes events. The zero Recorder is ready for use. Safe
// for concurrent use.
type Recorder struct {
	mu     sync.Mutex
	events []core.Event
}

var _ core.Plugin = (*Recorder)(nil)

// Name implements [core.Plugin].
func (r *Recorder) Name() string { return "recorder" }

// Install implements [core.Plugin].
func (r *Recorder) Install(h *core.Host) error {
	h.OnEvent(core.AllKinds, r.note)
	return nil
}

func (r *Recorder) note(ev core.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, ev)
}

// Events returns the events of the kinds in mask, in the order in which they
// came. The slice is the caller's.
func (r *Recorder) Events(mask core.Kind) []core.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.events), func(ev core.Event) bool { return ev.Kind&mask == 0 })
}

// Count returns the number of events of the kinds in mask.
func (r *Recorder) Count(mask core.Kind) int { return len(r.Events(mask)) }

// Reset forgets all events.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = nil
}
