// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"errors"
	"testing"
)

// Run checks every law in a subtest of its own. Laws that do not apply are
// skipped with the reason.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, law := range Laws() {
		t.Run(law.Name, func(t *testing.T) {
			err := Check(t, law, h)
			switch {
			case errors.Is(err, ErrNotApplicable):
				t.Skipf("%s: %v", law.Name, err)
			case err != nil:
				t.Errorf("broken law %s: %s\n%v", law.Name, law.Sentence, err)
			}
		})
	}
}
