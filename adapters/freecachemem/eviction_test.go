// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package freecachemem_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

// A second is enough for the whole test, so this needs recency within seconds.
func TestEviction_KeysInUseSurviveAScan(t *testing.T) {
	m := newMemory(t, 1<<20)
	for i := range 100 {
		set(t, m, fmt.Sprint("hot", i), entry(100))
	}
	for i := range 20_000 {
		set(t, m, fmt.Sprint("once", i), entry(100))
		has(m, fmt.Sprint("hot", i%100))
	}
	alive := 0
	for i := range 100 {
		if has(m, fmt.Sprint("hot", i)) {
			alive++
		}
	}
	if alive < 90 {
		t.Errorf("%d of 100 keys in use survive, want 90", alive)
	}
}

// write sets n keys to each size in turn, in an order that changes, and then many
// small ones, and returns how many there are of all.
func write(t *testing.T, n int, sizes []int, more int) (held int) {
	m := newMemory(t, 1<<20)
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, size := range sizes {
		for _, i := range rnd.Perm(n) {
			set(t, m, fmt.Sprint("key", i), entry(size))
		}
	}
	for i := range more {
		set(t, m, fmt.Sprint("more", i), entry(1))
	}
	return m.Len()
}

func TestSet_ShrunkValueGivesItsSpaceBack(t *testing.T) {
	const n, more = 2000, 10_000 // all of them need half of the memory
	for _, sizes := range [][]int{{1}, {400, 1}, {400, 250, 120, 50, 20, 5, 1}} {
		if held := write(t, n, sizes, more); held < (n+more)*99/100 {
			t.Errorf("sizes %v: %d of %d are held", sizes, held, n+more)
		}
	}
}

// Fail-safe makes entries a few bytes longer for a while.
func TestSet_GrownValueDoesNotDouble(t *testing.T) {
	const n = 1500
	for _, sizes := range [][]int{{407}, {400, 407}, {400, 407, 400, 407, 400}} {
		if held := write(t, n, sizes, 0); held < n*90/100 {
			t.Errorf("sizes %v: %d of %d are held", sizes, held, n)
		}
	}
}

func TestSet_ValuesOfVaryingSizeDisplaceNoOther(t *testing.T) {
	const busy, idle = 300, 3000 // all of them need half of the memory
	m := newMemory(t, 1<<20)
	for i := range idle {
		set(t, m, fmt.Sprint("idle", i), entry(100))
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		for i := range busy {
			set(t, m, fmt.Sprint("busy", i), entry(300+rnd.IntN(100)))
		}
	}
	if held := m.Len(); held < busy+idle*8/10 {
		t.Errorf("%d of %d are held", held, busy+idle)
	}
}

func TestMemory_ManyVersionsOfAKeyCountOnce(t *testing.T) {
	m := newMemory(t, 1<<20)
	for i := range 1000 {
		set(t, m, "key", core.Encoded(make([]byte, i%500), core.Meta{Stale: core.Instant(i), Dead: math.MaxInt64}))
	}
	if m.Len() != 1 {
		t.Errorf("Len is %d, want 1", m.Len())
	}
}
