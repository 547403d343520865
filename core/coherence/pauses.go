// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"math/rand/v2"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// longestPause is the longest pause between two attempts of what fails.
const longestPause = 5 * time.Second

// pauses are those between the attempts of something that fails: each is twice as
// long as the one before, up to longestPause, and shortened by up to a half at
// random, so that nodes do not come in step.
type pauses struct {
	first  time.Duration
	random *rand.Rand
	pause  time.Duration // the last, before it was shortened; zero: nothing has failed
	due    core.Instant  // when the next attempt is
}

// failed returns how long to wait after a failure.
func (p *pauses) failed() time.Duration {
	p.pause = min(max(2*p.pause, p.first), max(p.first, longestPause))
	return p.pause - time.Duration(p.random.Int64N(int64(p.pause/2)+1))
}

func (p *pauses) reset() { p.pause, p.due = 0, 0 }

// attempt makes an attempt, if one is due at now.
func (p *pauses) attempt(now core.Instant, do func() bool) {
	switch {
	case now < p.due:
	case do():
		p.reset()
	default:
		p.due = now.Add(p.failed())
	}
}
