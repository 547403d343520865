// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package linear_test records what concurrent clients see of one key of a
// distributed layer and lets porcupine (github.com/anishathalye/porcupine) look
// for an order of the operations, each at one instant between its call and its
// return, in which they could have happened one after another.
//
// HISTORIES is the number of histories of all layers together; see
// docs/reliability.md.
package linear_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/redis/go-redis/v9/logging"
)

const defaultHistories = 500

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// share returns a part, in percent, of the histories that are asked for.
func share(tb testing.TB, percent int) int {
	tb.Helper()
	n, err := defaultHistories, error(nil)
	if text := os.Getenv("HISTORIES"); text != "" {
		n, err = strconv.Atoi(text)
	}
	if err != nil || n < 1 {
		tb.Fatalf("HISTORIES must be a positive number: %v", err)
	}
	return (n*percent + 99) / 100
}

// tally counts what was tried, so that a run of nothing does not pass.
type tally struct {
	histories, operations, lost, stored, refused, foreign atomic.Int64
}

func (c *tally) count(ops []porcupine.Operation) {
	c.histories.Add(1)
	c.operations.Add(int64(len(ops)))
	for _, o := range ops {
		switch out := o.Output.(answer); {
		case out.lost:
			c.lost.Add(1)
		case o.Input.(call).kind != arbitrate:
		case out.ruling.Stored:
			c.stored.Add(1)
		case out.ruling.Foreign:
			c.foreign.Add(1)
		default:
			c.refused.Add(1)
		}
	}
}

// checkAll records histories of a layer, with seeds from 1, and fails for every
// one that has no order.
func checkAll(t *testing.T, w world, histories int) {
	t.Helper()
	var (
		sum     tally
		next    atomic.Int64
		workers sync.WaitGroup
		began   = time.Now()
	)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				seed := next.Add(1)
				if int(seed) > histories || t.Failed() {
					return
				}
				ops := record(t.Context(), w, fmt.Sprint("k", seed), uint64(seed))
				sum.count(ops)
				if verdict, text := check(ops); verdict != porcupine.Ok {
					t.Errorf("seed %d: %v\n%s", seed, verdict, text)
				}
			}
		})
	}
	workers.Wait()
	t.Logf("%d histories, %d operations in %v; answers lost: %d; writes stored: %d, refused: %d, foreign: %d",
		sum.histories.Load(), sum.operations.Load(), time.Since(began).Round(time.Millisecond),
		sum.lost.Load(), sum.stored.Load(), sum.refused.Load(), sum.foreign.Load())
	if sum.lost.Load() > sum.operations.Load()/2 {
		t.Error("most answers were lost; the histories say too little")
	}
	if min(sum.lost.Load(), sum.stored.Load(), sum.refused.Load(), sum.foreign.Load()) == 0 {
		t.Error("some kind of answer never came; the histories say too little")
	}
}
