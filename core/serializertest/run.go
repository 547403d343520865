// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// Run checks every law in a subtest of its own. Laws that do not apply are skipped
// with the reason.
func Run(t *testing.T, h Harness) {
	t.Helper()
	laws := Laws()
	cases := make([]lawtest.Case, 0, len(laws))
	for _, law := range laws {
		cases = append(cases, lawtest.Case{
			Name: law.Name, Sentence: law.Sentence,
			Applies: func() error { return law.applies(h) },
			Check:   func(tb testing.TB) error { return Check(tb, law, h) },
		})
	}
	lawtest.Run(t, false, cases)
}
