// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package traffic

import (
	"math/rand/v2"
	"time"
)

// Fault is something that goes wrong for a while. One that is over at once has
// nothing to end.
type Fault struct {
	Name       string
	Begin, End func()
}

// Lane makes one fault after another. What several lanes do overlaps.
type Lane struct {
	Faults []Fault
	Dice   *rand.Rand
	Pause  time.Duration // mean time between two faults
}

// The lengths of a fault.
const (
	shortest = 100 * time.Millisecond
	longest  = 4 * time.Second
)

// live makes faults until stop is closed, and ends the last one.
func (l *Lane) live(r *Run, stop <-chan struct{}) {
	for wait(stop, l.draw(2*l.Pause)) {
		f := l.Faults[l.Dice.IntN(len(l.Faults))]
		length := shortest + l.draw(longest-shortest)
		if l.Dice.IntN(2) == 0 {
			length /= 4
		}
		r.Tell(f.Name + " begins")
		r.mu.Lock()
		r.counts["fault: "+f.Name]++
		r.mu.Unlock()
		f.Begin()
		if f.End == nil {
			continue
		}
		_ = wait(stop, length)
		f.End()
		r.Tell(f.Name + " is over")
	}
}

func (l *Lane) draw(limit time.Duration) time.Duration {
	return time.Duration(l.Dice.Int64N(int64(limit)))
}

// wait waits for d and reports whether it was not stopped.
func wait(stop <-chan struct{}, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-stop:
		return false
	}
}
