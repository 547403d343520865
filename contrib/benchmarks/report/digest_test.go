// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package report_test

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

func TestDigest_ReplacesTheNumbersOfAPage(t *testing.T) {
	s := &report.Section{
		Digest:  report.Table{Header: []string{"", "ns"}, Rows: [][]string{{"ours", "1"}}},
		Budgets: []report.Budget{{What: "fast", Got: 1, Most: 1}},
	}
	const page = "# A\n\n<!-- numbers -->\nold\n<!-- /numbers -->\n\nend\n"
	got, err := report.Digest(page, "Today.", []*report.Section{s, {}})
	want := "# A\n\n<!-- numbers -->\nToday. 1 budgets: 1 hold, 0 within bound, 0 broken.\n\n|  | ns |\n|---|--:|\n| ours | 1 |\n<!-- /numbers -->\n\nend\n"
	if err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if again, err := report.Digest(got, "Today.", []*report.Section{s}); err != nil || again != got {
		t.Errorf("a second time: %q, %v", again, err)
	}
	for _, bad := range []string{"", "<!-- numbers -->\n", "<!-- /numbers -->\n<!-- numbers -->\n"} {
		if _, err := report.Digest(bad, "", nil); err == nil {
			t.Errorf("%q has a place for numbers", bad)
		}
	}
}
