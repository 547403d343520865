// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import "github.com/fusioncache-go/fusioncache/core"

// tellEvictions makes events of what memory drops to make room, if it can tell.
func (s *Stack) tellEvictions() {
	memory, ok := core.As[core.EvictionTeller](s.memory)
	if !ok {
		return
	}
	memory.OnEvict(func(key string, e *core.Entry) {
		if !s.events.Wants(core.Evicted) {
			return
		}
		m, now := e.Meta(), s.clock.Now()
		s.events.Emit(core.Event{
			Kind: core.Evicted, Key: key, Level: core.LevelMemory,
			Age: max(now.Sub(m.Born), 0), Detail: m.State(now).String(),
		})
	})
}

// tellNoEvictions leaves memory as it was found.
func (s *Stack) tellNoEvictions() {
	if memory, ok := core.As[core.EvictionTeller](s.memory); ok {
		memory.OnEvict(nil)
	}
}
