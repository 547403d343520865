// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import "testing"

func TestDiff(t *testing.T) {
	if *seed == 0 {
		return
	}
	p := NewPlan(*seed)
	p.Verbose = true
	a := simulate(t, p)
	for range 20 {
		b := simulate(t, p)
		if a.Hash == b.Hash {
			continue
		}
		t.Logf("%v", a.Plan)
		for i := range a.notes {
			if a.notes[i] != b.notes[i] {
				t.Logf("\n%v\n%v", a.notes[i], b.notes[i])
				for j := max(0, i-12); j < i; j++ {
					t.Logf("%v", a.notes[j])
				}
				return
			}
		}
	}
}
