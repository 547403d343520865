// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package report_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

func TestPage_ShowsBudgetsWithVerdicts(t *testing.T) {
	s := &report.Section{Title: "Hit", Budgets: []report.Budget{
		{What: "fast", Got: 0.5, Most: 1},
		{What: "argued", Got: 2, Most: 1, Bound: 3, Unit: " ms"},
		{What: "slow", Got: 2, Most: 1},
		{What: "too slow", Got: 4, Most: 1, Bound: 3},
		{What: "no number", Got: math.NaN(), Most: 1},
	}}
	var out strings.Builder
	report.Page(&out, "about", []*report.Section{s})
	for _, want := range []string{
		"| fast | 1 | 1 | 0.50 | holds |", "| argued | 1 ms | 3 ms | 2 ms | within bound |",
		"| slow | 1 | 1 | 2 | BROKEN |", "| too slow | 1 | 3 | 4 | BROKEN |", "5 budgets: 1 hold, 1 within bound, 3 broken.", "## Hit",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if got := report.Broken([]*report.Section{s}); !slices.Equal(got, []string{"slow", "too slow", "no number"}) {
		t.Errorf("broken: %q", got)
	}
}

func TestPage_SaysWhatWasMeasuredTwice(t *testing.T) {
	first := &report.Section{Budgets: []report.Budget{{What: "fast", Got: 1, Most: 1}, {What: "slow", Got: 42.25, Most: 1, Unit: " ms"}}}
	second := &report.Section{Title: "Hit", Text: "Hits.", Budgets: []report.Budget{{What: "slow", Got: 1, Most: 1}}}
	second.Repeats(first)
	var out strings.Builder
	report.Page(&out, "about", []*report.Section{second})
	if want := "Hits. **Measured a second time**, as bounds were broken the first time: slow: 42.2 ms.\n"; !strings.Contains(out.String(), want) {
		t.Errorf("no %q in\n%s", want, out.String())
	}
}

func TestChart_IsWellFormed(t *testing.T) {
	for _, c := range []report.Chart{
		{Title: "a < b", Unit: "ns", Bars: []report.Bar{{Label: "x & y", Value: 1}, {Label: "ours", Value: 2, Ours: true}}},
		{Title: "lines", Unit: "ns", XName: "keys", Lines: []report.Line{{Label: "a", X: []float64{1, 10}, Y: []float64{3, 4}}}},
	} {
		var out bytes.Buffer
		c.SVG(&out)
		d := xml.NewDecoder(&out)
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", c.Title, err)
			}
		}
	}
}
