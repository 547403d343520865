// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// A debt whose last try has failed waits for its next; the end of the node does
// not wait with it.
func TestRecovery_FlushTriesWhatIsNotDueYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRecovery(RecoveryOptions{}, core.NewMonotonic(nil), nil)
		r.owe(&debt{key: "k", version: versionAt(1)})
		up, tries := false, 0
		replay := func(context.Context, debt) error {
			if tries++; up {
				return nil
			}
			return errors.New("down")
		}
		nothing := func(context.Context) error { return nil }
		ctx, cancel := context.WithCancel(t.Context())
		go r.Run(ctx, replay, nothing)
		time.Sleep(700 * time.Millisecond)
		cancel()
		synctest.Wait()
		if tries != 1 {
			t.Fatalf("tried %d times, want once", tries)
		}
		if err := r.Flush(t.Context(), replay, nothing); err == nil || tries != 2 {
			t.Errorf("flush while the server is down: %v after %d tries", err, tries)
		}
		if err := r.Flush(ctx, replay, nothing); !errors.Is(err, context.Canceled) {
			t.Errorf("flush without time: %v", err)
		}
		up = true
		if err := r.Flush(t.Context(), replay, nothing); err != nil {
			t.Errorf("flush: %v", err)
		}
		if keys, _ := r.Len(); keys != 0 {
			t.Errorf("%d keys are still owed", keys)
		}
	})
}

// A write that is owed counts as just written for as long as a node that is in doubt
// believes what it has checked, also when somebody has told that its key has changed.
func TestJustWritten_EndsThoughTheEntryIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := core.NewMonotonic(time.Now)
		l := NewLocal(nil, clock, nil)
		l.debts = NewRecovery(RecoveryOptions{}, clock, nil)
		l.pulse.degraded = 2 * time.Second
		v := versionAt(1)
		l.debts.owe(&debt{key: "k", version: v})
		for name, checked := range map[string]core.Instant{"checked": clock.Now(), "in doubt": unchecked} {
			m := core.Meta{Version: v, Born: clock.Now(), Checked: checked}
			if !l.justWritten("k", &m, clock.Now()) {
				t.Errorf("%s: not just written", name)
			}
			if l.justWritten("k", &m, clock.Now().Add(2*time.Second)) {
				t.Errorf("%s: just written for ever", name)
			}
		}
	})
}

// A call that was under way when a stack began to close may leave a debt while the
// others are made good.
func TestRecovery_FlushMakesGoodWhatIsLeftMeanwhile(t *testing.T) {
	r := NewRecovery(RecoveryOptions{}, core.NewMonotonic(time.Now), nil)
	r.owe(&debt{key: "a", version: versionAt(1)})
	var paid []string
	err := r.Flush(t.Context(), func(_ context.Context, d debt) error {
		if len(paid) == 0 {
			r.owe(&debt{key: "b", version: versionAt(2)})
		}
		paid = append(paid, d.key)
		return nil
	}, func(context.Context) error { return nil })
	if err != nil || !slices.Equal(paid, []string{"a", "b"}) {
		t.Errorf("made good: %q, %v", paid, err)
	}
}
