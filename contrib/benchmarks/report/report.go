// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package report writes what was measured: tables in Markdown and figures in SVG.
package report

import (
	"fmt"
	"io"
	"strings"
)

// Section is what one part of the benchmarks has found.
type Section struct {
	Name    string // short, for file names
	Title   string
	Text    string // what was measured, and how
	Tables  []Table
	Charts  []Chart
	Budgets []Budget
	Digest  Table // what the README shows of it
}

// Table is a table. The first column is to the left.
type Table struct {
	Title  string
	Header []string
	Rows   [][]string
}

// Budget is what something may cost.
type Budget struct {
	What  string
	Got   float64
	Most  float64 // the largest Got that is wanted
	Bound float64 // the largest that a run may have, where more than Most is argued for; 0: Most
	Unit  string
}

// bound returns the largest Got that a run may have.
func (b Budget) bound() float64 { return max(b.Most, b.Bound) }

// Broken reports whether not even the bound holds.
func (b Budget) Broken() bool { return !(b.Got <= b.bound()) }

// Verdict returns it in words.
func (b Budget) Verdict() string {
	switch {
	case b.Broken():
		return "BROKEN"
	case b.Got <= b.Most:
		return "holds"
	}
	return "within bound"
}

// Repeats notes that s was measured because first broke bounds.
func (s *Section) Repeats(first *Section) {
	var broken []string
	for _, b := range first.Budgets {
		if b.Broken() {
			broken = append(broken, fmt.Sprintf("%s: %s%s", b.What, Number(b.Got), b.Unit))
		}
	}
	s.Text += " **Measured a second time**, as bounds were broken the first time: " + strings.Join(broken, "; ") + "."
}

// Add appends a row. Cells are formatted with %v, numbers with three digits.
func (t *Table) Add(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		if f, ok := c.(float64); ok {
			row[i] = Number(f)
		} else {
			row[i] = fmt.Sprint(c)
		}
	}
	t.Rows = append(t.Rows, row)
}

// Number formats f with three digits or so.
func Number(f float64) string {
	switch {
	case f >= 100 || f == float64(int64(f)):
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

// write writes the section as Markdown.
func (s *Section) write(w io.Writer) {
	_, _ = fmt.Fprintf(w, "## %s\n\n%s\n", s.Title, s.Text)
	for _, t := range s.Tables {
		t.write(w)
	}
	for _, c := range s.Charts {
		_, _ = fmt.Fprintf(w, "\n![%s](%s.svg)\n", c.Title, c.Name)
	}
	_, _ = fmt.Fprintln(w)
}

func (t *Table) write(w io.Writer) {
	if t.Title != "" {
		_, _ = fmt.Fprintf(w, "\n%s\n", t.Title)
	}
	_, _ = fmt.Fprintf(w, "\n| %s |\n|---|%s\n", strings.Join(t.Header, " | "), strings.Repeat("--:|", len(t.Header)-1))
	for _, row := range t.Rows {
		_, _ = fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
	}
}

// Budgets returns the table of all budgets of sections.
func Budgets(sections []*Section) Table {
	t := Table{Header: []string{"", "budget", "bound", "measured", "verdict"}}
	for _, s := range sections {
		for _, b := range s.Budgets {
			t.Add(b.What, Number(b.Most)+b.Unit, Number(b.bound())+b.Unit, Number(b.Got)+b.Unit, b.Verdict())
		}
	}
	return t
}

// Broken returns what is beyond its bound in sections.
func Broken(sections []*Section) (what []string) {
	for _, s := range sections {
		for _, b := range s.Budgets {
			if b.Broken() {
				what = append(what, b.What)
			}
		}
	}
	return what
}

// Count says in words how many budgets there are, and how many of them hold.
func Count(sections []*Section) string {
	verdicts := map[string]int{}
	n := 0
	for _, s := range sections {
		for _, b := range s.Budgets {
			verdicts[b.Verdict()]++
			n++
		}
	}
	return fmt.Sprintf("%d budgets: %d hold, %d within bound, %d broken.", n, verdicts["holds"], verdicts["within bound"], verdicts["BROKEN"])
}

const verdicts = "The budget is what is wanted. Where it is not reached, [performance.md](../performance.md) argues for a bound, which must hold: " +
	"*holds* says that the budget does, *within bound* that the bound does, *BROKEN* that neither does. Ratios are medians."

// Page writes the whole page.
func Page(w io.Writer, about string, sections []*Section) {
	_, _ = fmt.Fprintf(w, "# Measurements\n\n%s\n", about)
	if budgets := Budgets(sections); len(budgets.Rows) > 0 {
		_, _ = fmt.Fprintf(w, "\n## Budgets\n\n%s %s\n", verdicts, Count(sections))
		budgets.write(w)
	}
	_, _ = fmt.Fprintln(w)
	for _, s := range sections {
		s.write(w)
	}
}
