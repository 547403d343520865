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
}

// Table is a table. The first column is to the left.
type Table struct {
	Title  string
	Header []string
	Rows   [][]string
}

// Budget is something that must hold.
type Budget struct {
	What string
	Got  float64
	Most float64 // the largest Got that is allowed
	Unit string
}

// OK reports whether it holds.
func (b Budget) OK() bool { return b.Got <= b.Most }

// Verdict returns it in words.
func (b Budget) Verdict() string {
	if b.OK() {
		return "holds"
	}
	return "MISSED"
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

// WriteTo writes the section as Markdown.
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
	t := Table{Header: []string{"budget", "measured", "at most", ""}}
	for _, s := range sections {
		for _, b := range s.Budgets {
			t.Add(b.What, Number(b.Got)+b.Unit, Number(b.Most)+b.Unit, b.Verdict())
		}
	}
	return t
}

// Page writes the whole page.
func Page(w io.Writer, about string, sections []*Section) {
	_, _ = fmt.Fprintf(w, "# Measurements\n\n%s\n\n## Budgets\n", about)
	budgets := Budgets(sections)
	budgets.write(w)
	_, _ = fmt.Fprintln(w)
	for _, s := range sections {
		s.write(w)
	}
}
