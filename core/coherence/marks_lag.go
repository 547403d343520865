// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
)

// A distributed layer that lags may answer with a mark from before its last change.
// What is older than the change that was heard of is no answer; of what was not heard
// of, a mark may be behind for as long as the layer lags, and is then read again.

// raise notes that the distributed layer holds version v or a later one, and for how
// long it may still answer with an older one.
func (k *mark) raise(v core.Version, now core.Instant, lag time.Duration) {
	if lag > 0 && !v.IsZero() {
		k.floor.raise(v, now, now.Add(lag))
	}
}

// answered is learn for an answer of the distributed layer. It fails if that lags
// behind what is known to be there.
func (m *Marks) answered(tag string, p placed, at core.Instant, began uint64) (core.Generation, error) {
	m.mu.Lock()
	k := m.known[tag]
	m.mu.Unlock()
	if !k.floor.admits(p.header.Version, at) && !mutation.On(mutation.NoFloor) {
		return m.invent(tag, 0), errMark
	}
	return m.learn(tag, p, at, began), nil
}

// relapse has all marks read once more when the distributed layer does not answer any
// more with what was there until now. The lock is held.
func (m *Marks) relapse() {
	if m.lag > 0 {
		m.echoes = m.echoes.after(m.clock.Now(), m.lag)
	}
}

// lapsed reports whether a mark that is known is to be read again for that. The lock
// is held.
func (m *Marks) lapsed(k mark, now core.Instant) bool {
	return m.lag > 0 && m.echoes.due(k.at, now)
}
