// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// advice returns what is allowed but probably not meant. A load that takes longer than
// fillAge is not stored; zero: there is no such limit.
func advice(o *core.EntryOptions, fillAge time.Duration) (out []string) {
	advise := func(odd bool, option, why string) {
		if odd {
			out = append(out, option+" "+why)
		}
	}
	endless := o.TTL == 0 || o.TTL == core.Forever
	advise(o.SoftTimeout > 0 && o.HardTimeout > 0 && o.SoftTimeout >= o.HardTimeout, "SoftTimeout", "never acts unless it is below HardTimeout")
	advise(o.SoftTimeout > 0 && o.StaleTTL == 0, "SoftTimeout", "does nothing without StaleTTL")
	advise(o.IdleTTL > 0 && o.TTL > 0 && o.IdleTTL >= o.TTL, "IdleTTL", "never acts unless it is below TTL")
	advise(endless && o.EagerRefresh > 0, "EagerRefresh", "does nothing without TTL")
	advise(endless && o.EagerChance > 0, "EagerChance", "does nothing without TTL")
	advise(endless && o.StaleWhileRevalidate > 0, "StaleWhileRevalidate", "does nothing without TTL")
	advise(endless && o.StaleIfError > 0, "StaleIfError", "does nothing without TTL")
	advise(o.LoadTimeout > 0 && o.LoadTimeout < o.HardTimeout, "LoadTimeout", "ends the factory first if it is below HardTimeout")
	advise(fillAge > 0 && o.LoadTimeout > fillAge, "LoadTimeout", "has results that are not stored if it is above the stack's MaxFillAge")
	return out
}

// advise tells listeners of the advice on o, but for that on heard, which they know.
// Each piece begins with where.
func (s *Stack) advise(where string, o, heard *core.EntryOptions) {
	if !s.events.Wants(core.Advice) {
		return
	}
	var fillAge time.Duration
	if s.writer.Shared != nil {
		fillAge = s.writer.Shared.MaxFillAge()
	}
	known := advice(heard, fillAge)
	for _, detail := range advice(o, fillAge) {
		if !slices.Contains(known, detail) {
			s.events.Emit(core.Event{Kind: core.Advice, Detail: where + detail})
		}
	}
}

// adviseLocker tells listeners of a lock beside a layer that does not compare what it is
// told to store: a holder that was paused could overwrite what was loaded after it.
func (s *Stack) adviseLocker(o *Options) {
	if o.Locker == nil || o.Distributed == nil || !s.events.Wants(core.Advice) {
		return
	}
	if _, compares := core.As[core.Arbiter](o.Distributed); !compares {
		s.events.Emit(core.Event{Kind: core.Advice, Detail: "Locker saves loads and guards nothing, and Distributed is no core.Arbiter: a late write may replace a newer one"})
	}
}
