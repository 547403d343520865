// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package measure_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
)

func TestPaired_TellsFiveTimesTheWork(t *testing.T) {
	var sum [2]uint64
	work := func(which, times int) func(from, n int) {
		return func(from, n int) {
			for i := range n * times * 100 {
				sum[which] += uint64(from ^ i)
			}
		}
	}
	times := measure.Paired(rand.New(rand.NewPCG(1, 1)), measure.Plan{Rounds: 20, Turn: time.Millisecond},
		[]measure.Subject{{Name: "once", Run: work(0, 1)}, {Name: "five times", Run: work(1, 5)}})
	if r := times.Ratio(1, 0); r < 2 || r > 12 {
		t.Errorf("ratio is %.2f, want about 5", r)
	}
}

func TestMedian_OfAFew(t *testing.T) {
	if got := measure.Median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("median is %v", got)
	}
}

// What the subjects of a round share must not be fetched by the first of them.
func TestPaired_PreparesEachRoundOnce(t *testing.T) {
	rounds, prepared := 0, map[int]bool{}
	subject := measure.Subject{Run: func(from, n int) {
		for i := from; i < from+n; i++ {
			if rounds > 0 && !prepared[i] {
				t.Fatalf("operation %d of round %d was not prepared", i, rounds)
			}
		}
	}}
	measure.Paired(rand.New(rand.NewPCG(1, 1)), measure.Plan{
		Rounds: 5, Turn: 100 * time.Microsecond,
		Before: func(from, n int) {
			rounds++
			clear(prepared)
			for i := from; i < from+n; i++ {
				prepared[i] = true
			}
		},
	}, []measure.Subject{subject, subject})
	if rounds != 5 {
		t.Errorf("prepared %d times, want 5", rounds)
	}
}
