// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

// Outcome says how far a write has come when it returns without an error.
type Outcome uint8

// The outcomes.
const (
	// Committed: every level that the stack has, and that the call did not skip,
	// has acknowledged the write.
	Committed Outcome = iota + 1

	// LocalOnly: this node serves the write, but the distributed layer has not
	// acknowledged it, because it failed or the write goes on in the background.
	LocalOnly
)

// String returns "committed" or "local only".
func (o Outcome) String() string {
	switch o {
	case Committed:
		return "committed"
	case LocalOnly:
		return "local only"
	}
	return "unknown"
}
