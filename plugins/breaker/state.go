// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker

import "github.com/sony/gobreaker/v2"

// State is the state of a breaker.
type State uint8

// The states of a breaker.
const (
	None     State = iota // there is no breaker
	Closed                // calls pass
	HalfOpen              // one call passes, as a probe
	Open                  // no call passes
)

// String returns the lower-case name of the state.
func (s State) String() string {
	switch s {
	case Closed:
		return "closed"
	case HalfOpen:
		return "half-open"
	case Open:
		return "open"
	}
	return "none"
}

func stateOf(s gobreaker.State) State {
	switch s {
	case gobreaker.StateHalfOpen:
		return HalfOpen
	case gobreaker.StateOpen:
		return Open
	}
	return Closed
}
