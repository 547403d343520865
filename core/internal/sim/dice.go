// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import "math/rand/v2"

// dice is an actor's source of chance. It is thrown anew for every operation and
// call, from what that is about and when: so what one of them draws does not
// depend on how many came before, and a run stays much the same when some are
// taken out of it.
type dice struct {
	pcg *rand.PCG
	*rand.Rand
}

func newDice() dice {
	pcg := new(rand.PCG)
	return dice{pcg, rand.New(pcg)}
}

// throw begins anew from a number for the actor and others for what is drawn for.
func (d dice) throw(seed, actor uint64, about ...uint64) {
	h := actor
	for _, x := range about {
		h = scramble(h ^ x)
	}
	d.pcg.Seed(scramble(seed), scramble(h))
}

// scramble is the finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (d dice) percent() int { return d.IntN(100) }
