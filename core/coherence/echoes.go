// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
)

// echoes are when a distributed layer that lags has caught up with two times at which
// messages were lost: what was read before that may miss what was written before the
// loss, and is read again. Of more losses than two those in between wait for the last.
//
// Invariant: a loss never puts off what is read again for one before it.
type echoes struct{ next, last core.Instant }

// noEchoes is before there was a loss.
func noEchoes() *echoes { return &echoes{unchecked, unchecked} }

// after returns the echoes after one more loss, now.
func (e echoes) after(now core.Instant, lag time.Duration) echoes {
	if now >= e.next {
		e.next = e.last
	}
	e.last = now.Add(lag)
	return e
}

// due reports whether what was read at that instant is to be read again by now.
func (e echoes) due(read, now core.Instant) bool {
	return !mutation.On(mutation.NoLag) && (read < e.next && now >= e.next || read < e.last && now >= e.last)
}
