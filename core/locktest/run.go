// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locktest

import (
	"errors"
	"testing"
	"testing/synctest"
)

// Run checks every law in a subtest of its own.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, law := range Laws() {
		t.Run(law.Name, func(t *testing.T) {
			if err := law.applies(h); errors.Is(err, ErrNotApplicable) {
				t.Skipf("%s: %v", law.Name, err)
			}
			if !h.Bubble {
				report(t, law, h)
				return
			}
			synctest.Test(t, func(t *testing.T) { report(t, law, h) })
		})
	}
}

func report(t *testing.T, law Law, h Harness) {
	t.Helper()
	if err := Check(t, law, h); err != nil {
		t.Errorf("broken law %s: %s\n%v", law.Name, law.Sentence, err)
	}
}
