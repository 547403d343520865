// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import "github.com/fusioncache-go/fusioncache/core"

// Look tells, for a request that is one of many, what memory holds for fail-safe, and
// whether the distributed layer is to be asked. If it is not, either memory has the
// answer, or the request does without the layer and goes to its source.
func (l *Local) Look(r core.Request) (held *core.Entry, ask bool) {
	if r.Options.Skip.Has(core.SkipMemoryRead) {
		return nil, true
	}
	e, ok := l.Get(r.Key)
	if !ok {
		return nil, true
	}
	m := e.Meta()
	switch l.Judge(r.Key, &m, l.clock.Now(), r.Options) {
	case Serve:
		return nil, false
	case ServeStale:
		if r.Factory != nil {
			return nil, false
		}
	case Ignore:
		return nil, true
	}
	held, err := Revive(r.Codec, e)
	if err != nil {
		return nil, true
	}
	r.Held = held
	return held, !skipsRead(r, l.clock)
}
