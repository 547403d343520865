// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestStopwatch_RunsWithTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newStopwatch()
		ctx := t.Context()
		go w.run(ctx)
		time.Sleep(time.Minute)
		if got := w.now(); got != time.Minute {
			t.Errorf("after a minute it shows %v", got)
		}
		w.lost.Add(int64(10 * time.Second))
		if got := w.now(); got != 50*time.Second {
			t.Errorf("with 10 s lost it shows %v", got)
		}
	})
}
