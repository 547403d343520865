// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"
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
		up = true
		if err := r.Flush(t.Context(), replay, nothing); err != nil {
			t.Errorf("flush: %v", err)
		}
		if keys, _ := r.Len(); keys != 0 {
			t.Errorf("%d keys are still owed", keys)
		}
	})
}
