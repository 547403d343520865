// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package lazy

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestAwait_EndsWithWhateverComesFirst(t *testing.T) {
	const never = time.Hour
	for name, test := range map[string]struct {
		done, parent, limit time.Duration
		first               bool
		took                time.Duration
	}{
		"done":               {1 * time.Second, never, never, true, time.Second},
		"parent":             {never, 2 * time.Second, never, false, 2 * time.Second},
		"time":               {never, never, 3 * time.Second, false, 3 * time.Second},
		"done at once":       {0, never, never, true, 0},
		"no patience at all": {never, never, -time.Second, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var timers Timers
				for range 3 { // with a timer that is used again
					done := make(chan struct{})
					stop := time.AfterFunc(test.done, func() { close(done) })
					parent, cancel := context.WithTimeout(t.Context(), test.parent)
					c := new(Context)
					c.InitPatience(parent, core.TimeoutError{After: test.limit})
					synctest.Wait()
					began := time.Now()
					first := timers.Await(c, done)
					if took := time.Since(began); first != test.first || took != test.took {
						t.Errorf("done first: %v after %v, want %v after %v", first, took, test.first, test.took)
					}
					if late := c.Late(); (late != nil) != (test.limit < min(test.parent, test.done)) {
						t.Errorf("ended by its own time: %v", late)
					}
					c.End(nil)
					cancel()
					stop.Stop()
				}
			})
		})
	}
}

func TestAwait_NoticesThatAContextIsEndedByOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, timers := new(Context), new(Timers)
		c.InitLimit(t.Context(), core.TimeoutError{After: time.Hour})
		time.AfterFunc(time.Second, func() { c.End(core.ErrClosed) })
		if timers.Await(c, nil) || time.Until(c.deadline) < time.Minute {
			t.Error("waited for too long")
		}
	})
}

// Whoever asks package context why, before asking whether, gets an answer.
func TestContext_KnowsTheCauseOfAnEndThatNobodyHasAskedFor(t *testing.T) {
	c := new(Context)
	c.Init(t.Context())
	c.End(core.ErrClosed)
	c.End(nil)
	if cause := context.Cause(c); cause != core.ErrClosed {
		t.Errorf("ended because of %v", cause)
	}
}

func TestContext_ShowsTheEarlierDeadline(t *testing.T) {
	parent, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	theirs, _ := parent.Deadline()
	for limit, own := range map[time.Duration]bool{time.Second: true, time.Hour: false} {
		c := new(Context)
		c.InitLimit(parent, core.TimeoutError{After: limit})
		if d, ok := c.Deadline(); !ok || d.Before(theirs) != own {
			t.Errorf("limit of %v: deadline %v, that of the parent %v", limit, d, theirs)
		}
		c.End(nil)
	}
	without := new(Context)
	without.Init(parent)
	if d, ok := without.Deadline(); !ok || d != theirs {
		t.Errorf("without a limit: deadline %v", d)
	}
}
