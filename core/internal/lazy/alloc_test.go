// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !race

package lazy_test

import (
	"context"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core/internal/lazy"
)

func TestWithin_AllocatesLittle(t *testing.T) {
	var timers lazy.Timers
	if n := testing.AllocsPerRun(100, func() {
		l := timers.Within(context.Background(), time.Hour)
		_ = l.Done()
		l.End()
	}); n > 2 {
		t.Errorf("%v allocations, want 2", n)
	}
}
