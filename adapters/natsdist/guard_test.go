// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func hang(ctx context.Context) func() (int, error) {
	return func() (int, error) {
		<-ctx.Done()
		time.Sleep(2 * time.Second) // as a write that is stuck does
		return 0, ctx.Err()
	}
}

func TestGuard_KeepsTheDeadlineOnceACallGotNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard()
		took := func() time.Duration {
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if _, err := call(ctx, g, g.doubtful(), hang(ctx)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error = %v, want %v", err, context.DeadlineExceeded)
			}
			return time.Since(start)
		}
		if got := took(); got != 2100*time.Millisecond {
			t.Errorf("first call took %v, want 2.1s", got)
		}
		if got := took(); got != 100*time.Millisecond {
			t.Errorf("second call took %v, want 100ms", got)
		}
		g.wait()
	})
}

func TestGuard_TrustsAgainAfterAnAnswer(t *testing.T) {
	g := newGuard()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	g.note(done, done.Err())
	if !g.doubtful() {
		t.Fatal("no doubt after a call without an answer")
	}
	v, err := call(t.Context(), g, g.doubtful(), func() (int, error) { return 7, nil })
	if v != 7 || err != nil {
		t.Errorf("detached call = %d, %v, want 7", v, err)
	}
	if g.doubtful() {
		t.Error("doubt after an answer")
	}
	refused := errors.New("refused")
	if _, err := call(t.Context(), g, false, func() (int, error) { return 0, refused }); err != refused || g.doubtful() {
		t.Errorf("error = %v, doubt %v; an error is an answer, too", err, g.doubtful())
	}
}

func TestGuard_LimitsHangingCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range maxDetached {
			go func() { _, _ = call(ctx, g, true, hang(ctx)) }()
		}
		synctest.Wait()
		if _, err := call(ctx, g, true, hang(ctx)); err != errBusy {
			t.Errorf("error = %v, want %v", err, errBusy)
		}
		start := time.Now()
		g.wait()
		if got := time.Since(start); got != 3*time.Second {
			t.Errorf("waited %v for the calls, want 3s", got)
		}
		if _, err := call(t.Context(), g, true, func() (int, error) { return 1, nil }); err != errBusy {
			t.Errorf("error after wait = %v, want %v", err, errBusy)
		}
	})
}
