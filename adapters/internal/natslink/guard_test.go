// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natslink

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
)

// hang is an operation that is stuck in a write until long after its deadline.
func hang(ctx context.Context) (int, error) {
	<-ctx.Done()
	time.Sleep(2 * time.Second)
	return 0, ctx.Err()
}

func answer(context.Context) (int, error) { return 7, nil }

func TestGuard_KeepsTheDeadlineOnceACallGotNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := idle(t)
		took := func() time.Duration {
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if _, err := Call(ctx, g, g.Doubtful(), hang); !errors.Is(err, context.DeadlineExceeded) {
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
	})
}

func TestGuard_TrustsAgainAfterAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := idle(t)
		done, cancel := context.WithCancel(t.Context())
		cancel()
		g.Note(done, done.Err())
		if !g.Doubtful() {
			t.Fatal("no doubt after a call without an answer")
		}
		v, err := Call(t.Context(), g, g.Doubtful(), answer)
		if v != 7 || err != nil {
			t.Errorf("detached call = %d, %v, want 7", v, err)
		}
		if g.Doubtful() {
			t.Error("doubt after an answer")
		}
		refused := errors.New("refused")
		refuse := func(context.Context) (int, error) { return 0, refused }
		if _, err := Call(t.Context(), g, false, refuse); err != refused || g.Doubtful() {
			t.Errorf("error = %v, doubt %v; an error is an answer, too", err, g.Doubtful())
		}
	})
}

func TestGuard_LimitsHangingCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := idle(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range maxDetached {
			go func() { _, _ = Call(ctx, g, true, hang) }()
		}
		synctest.Wait()
		if _, err := Call(ctx, g, true, hang); err != errBusy {
			t.Errorf("error = %v, want %v", err, errBusy)
		}
		start := time.Now()
		g.End()
		g.Wait()
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("Close waited %v for the calls, want the 2s for which they are stuck", got)
		}
		if _, err := Call(t.Context(), g, true, answer); err != errBusy {
			t.Errorf("error after Close = %v, want %v", err, errBusy)
		}
	})
}

func TestCall_EndsWhenTheConnectionBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := idle(t)
		wait := func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}
		for _, detached := range []bool{false, true} {
			g.link.events <- nats.CONNECTED
			synctest.Wait()
			time.AfterFunc(time.Second, func() { g.link.events <- nats.RECONNECTING })
			if _, err := Call(t.Context(), g, detached, wait); !errors.Is(err, nats.ErrDisconnected) {
				t.Errorf("detached %v: %v, want %v", detached, err, nats.ErrDisconnected)
			}
		}
	})
}

// The client may know of the break before the layer does.
func TestCall_RefusalToBufferMeansDisconnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := func(context.Context) (int, error) { return 0, nats.ErrReconnectBufExceeded }
		if _, err := Call(t.Context(), idle(t), false, refused); !errors.Is(err, nats.ErrDisconnected) {
			t.Errorf("%v, want %v", err, nats.ErrDisconnected)
		}
	})
}

// maxDetached is the limit of the guards of these tests.
const maxDetached = 1024

// idle returns the guard of a connection that is up.
func idle(t *testing.T) *Guard {
	t.Helper()
	g := New(&nats.Conn{}, maxDetached)
	t.Cleanup(func() {
		if g.End() {
			g.Wait()
		}
	})
	g.link.events <- nats.CONNECTED
	synctest.Wait()
	return g
}
