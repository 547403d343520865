// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import "testing"

func TestHunt(t *testing.T) {
	if *from == 0 {
		return
	}
	for s := *from; s < *from+150; s++ {
		a := simulate(t, NewPlan(s))
		for range 3 {
			if b := simulate(t, NewPlan(s)); b.Hash != a.Hash {
				t.Errorf("seed %d", s)
				break
			}
		}
	}
}
