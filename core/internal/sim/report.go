// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import "github.com/fusioncache-go/fusioncache/core/coherencetest"

// Report is what came of a run.
type Report struct {
	Plan       *Plan
	Operations int
	Hash       uint64 // of the trace
	Violations []coherencetest.Violation
	Coverage   *Coverage

	serials []uint32 // of the operations
	checker *coherencetest.Checker
}

// Timeline returns what happened to the key of a violation until then. Calls and
// messages are in it if the plan was verbose.
func (r Report) Timeline(v coherencetest.Violation) string { return r.checker.Timeline(v) }
