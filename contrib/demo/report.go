// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// row is what is reported of an act.
type row struct {
	title string
	reading
	agreed time.Duration // 0: no matter
}

// report is the result of a show.
type report struct {
	settings settings
	rows     []row
	facts    facts
}

// broken returns how many promises were broken.
func (r *report) broken() int {
	n := 0
	for _, p := range r.facts.promises() {
		if p.tested && !p.kept {
			n++
		}
	}
	return n
}

// busy reports whether the machine had other things to do for so long that promises
// about time say little about the cache.
func (r *report) busy() bool { return r.facts.stood > r.facts.whole.span/20 }

// tableRow is a line of the table: 97 characters.
const tableRow = "%-17s%9s%8s%8s%8s%7s%8s%8s%8s%8s%8s\n"

// print writes the report.
func (r *report) print(w io.Writer) {
	if len(r.rows) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n\n", r.settings.parts())
	r.printTable(w)
	r.printRemarks(w)
	r.printPromises(w)
}

func (r *report) printTable(w io.Writer) {
	fmt.Fprintf(w, tableRow, "act", "requests", "L1", "L2", "miss", "stale", "loads", "errors", "p50", "p99", "agreed")
	line := strings.Repeat("-", 97)
	fmt.Fprintln(w, line)
	for _, row := range r.rows {
		row.print(w)
	}
	fmt.Fprintln(w, line)
	row{title: "all", reading: r.facts.whole}.print(w)
}

func (r row) print(w io.Writer) {
	agreed := "-"
	if r.agreed > 0 {
		agreed = duration(r.agreed)
	}
	fmt.Fprintf(w, tableRow, r.title, number(r.requests()),
		percent(r.memory()), percent(r.distributed()), percent(r.missed()), number(r.staleAnswers()),
		number(int(r.loads)), number(r.refusals), duration(r.median), duration(r.p99), agreed)
}

// printRemarks explains the table.
func (r *report) printRemarks(w io.Writer) {
	fmt.Fprint(w, `
L1, L2, miss  answered by the node's memory, by L2, by neither
stale         answers of fail-safe: an old price instead of a wait or an error
loads         queries of the database for the cache
errors        answers other than 200
p50, p99      of all requests, also those that wait because no level has the product
agreed        until all nodes served what the database has, at most
`)
	if r.busy() {
		fmt.Fprintf(w, "\nThe machine was busy with something else: the process stood still for %s of %s.\nPromises about time need a processor.\n",
			duration(r.facts.stood), duration(r.facts.whole.span))
	}
	if n := r.facts.whole.empty; n > 0 {
		fmt.Fprintf(w, "\nNot an error: %s answers 503 while the database was down, for products that neither\nthe node nor L2 had. There was nothing to serve.\n", number(n))
	}
	if n := r.facts.whole.excused; n > 0 {
		fmt.Fprintf(w, `
Not promised: %s answers had an old price for longer than %s while L2 was away, or until
every node had found it and the others again, and had made good for that. A node that hears
nobody believes what it holds for two seconds at a time, and tries to join the others at
pauses of up to five. Once it has joined, the promise holds again.
`, number(n), duration(promptly))
	}
}

func (r *report) printPromises(w io.Writer) {
	fmt.Fprintf(w, "\npromises\n%s\n", strings.Repeat("-", 97))
	for _, p := range r.facts.promises() {
		fmt.Fprintf(w, "%-7s %-59s %s\n", p.verdict(), p.text, p.saw)
	}
	fmt.Fprintln(w)
	if n := r.broken(); n > 0 {
		fmt.Fprintf(w, "%d of the promises BROKEN\n", n)
		return
	}
	fmt.Fprintln(w, "all promises kept"+r.untested())
}

// untested says how many promises were not put to the test.
func (r *report) untested() string {
	n := 0
	for _, p := range r.facts.promises() {
		if !p.tested {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" so far, %d not tested", n)
}

func (p promise) verdict() string {
	switch {
	case !p.tested:
		return "-"
	case p.kept:
		return "kept"
	}
	return "BROKEN"
}

// parts says what the service is made of.
func (s *settings) parts() string {
	return fmt.Sprintf("L1 %v, L2 %v, backplane %v", s.l1, s.l2, s.backplane)
}
