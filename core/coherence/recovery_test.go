// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// each replays one debt after the other.
func each(one func(debt) error) replays {
	return func(_ context.Context, debts []debt) []error {
		errs := make([]error, len(debts))
		for i, d := range debts {
			errs[i] = one(d)
		}
		return errs
	}
}

// A debt whose last try has failed waits for its next; the end of the node does
// not wait with it.
func TestRecovery_FlushTriesWhatIsNotDueYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRecovery(RecoveryOptions{}, core.NewMonotonic(nil), nil)
		r.owe(&debt{key: "k", version: versionAt(1)})
		up, tries := false, 0
		replay := each(func(debt) error {
			if tries++; up {
				return nil
			}
			return errDown
		})
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
	err := r.Flush(t.Context(), each(func(d debt) error {
		if len(paid) == 0 {
			r.owe(&debt{key: "b", version: versionAt(2)})
		}
		paid = append(paid, d.key)
		return nil
	}), func(context.Context) error { return nil })
	if err != nil || !slices.Equal(paid, []string{"a", "b"}) {
		t.Errorf("made good: %q, %v", paid, err)
	}
}

// The first debt of a round goes alone, and so does the one after a failure; a round ends
// after three failures in a row, and goes on where a call for many has stopped.
func TestRecovery_ManyGoTogetherWhileTheServersAnswer(t *testing.T) {
	const all = 2*maxReplays + 50
	for _, c := range []struct {
		name   string
		replay func(call, asked int) []error // what becomes of the first debts of a call
		want   []int                         // debts asked for, by call
		left   int
	}{
		{"all is well", func(_, asked int) []error { return make([]error, asked) }, []int{1, 200, 200, 49}, 0},
		{"down", func(_, asked int) []error { return slices.Repeat([]error{errDown}, asked) }, []int{1, 1, 1}, all},
		{"down after the first", func(call, asked int) []error {
			if call == 0 {
				return []error{nil}
			}
			return slices.Repeat([]error{errDown}, asked)
		}, []int{1, 200}, all - 1},
		{"the last of a call fails", func(call, asked int) []error {
			errs := make([]error, asked)
			if call == 1 {
				errs[asked-1] = errDown
			}
			return errs
		}, []int{1, 200, 1, 200, 48}, 1},
		{"a call stops", func(call, asked int) []error {
			if call == 1 {
				return []error{nil, errDown}
			}
			return make([]error, asked)
		}, []int{1, 200, 1, 200, 200, 46}, 1},
	} {
		r := NewRecovery(RecoveryOptions{}, core.NewMonotonic(nil), nil)
		for i := range all {
			r.owe(&debt{key: fmt.Sprint("k", i), version: versionAt(int64(i + 1))})
		}
		var got []int
		r.round(t.Context(), core.Never, func(_ context.Context, debts []debt) []error {
			got = append(got, len(debts))
			return c.replay(len(got)-1, len(debts))
		}, func(context.Context) error { return nil })
		if left, _ := r.Len(); !slices.Equal(got, c.want) || left != c.left {
			t.Errorf("%s: calls for %v, %d left; want %v, %d", c.name, got, left, c.want, c.left)
		}
	}
}

var errDown = errors.New("down")

func TestOrder_TakeIsForWhoFindsNobody(t *testing.T) {
	o := NewOrder(BackgroundLimits{})
	if !o.take("k") {
		t.Fatal("nobody has the turn, and it is not to be had")
	}
	if o.take("k") {
		t.Error("two have the turn")
	}
	next := o.Enter("k")
	if next.Ready() {
		t.Error("another has the turn as well")
	}
	o.pass("k")
	if err := next.Do(t.Context(), func(context.Context) {}); err != nil {
		t.Error(err)
	}
	if !o.take("k") {
		t.Error("the line does not end")
	}
}
