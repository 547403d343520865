// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"sync/atomic"
	"time"
)

// stopwatch tells for how long the process has run. It stands still while the
// process gets no processor, because the machine is busy with something else:
// what takes long then is nobody's fault. Safe for concurrent use.
type stopwatch struct {
	start time.Time
	lost  atomic.Int64 // nanoseconds
}

// stopwatchStep is how often the stopwatch looks whether it still runs.
const stopwatchStep = 20 * time.Millisecond

func newStopwatch() *stopwatch { return &stopwatch{start: time.Now()} }

// now returns the time for which the process has run.
func (w *stopwatch) now() time.Duration {
	return time.Since(w.start) - w.stood()
}

// stood returns for how long the process has stood still.
func (w *stopwatch) stood() time.Duration { return time.Duration(w.lost.Load()) }

// run looks after the stopwatch until ctx ends.
func (w *stopwatch) run(ctx context.Context) {
	last := time.Now()
	for pause(ctx, stopwatchStep) == nil {
		now := time.Now()
		if late := now.Sub(last) - stopwatchStep; late > stopwatchStep {
			w.lost.Add(int64(late))
		}
		last = now
	}
}
