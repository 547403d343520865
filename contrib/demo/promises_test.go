// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// good returns the facts of a show in which all went well.
func good() facts {
	fine := func() *reading { return &reading{counts: counts{answers: 1000, writes: 10}} }
	return facts{
		stampede: &stampedeFacts{crowd: 1000, loads: 1, loadsAfter: 1, loadsSpread: 1},
		change:   &changeFacts{rounds: 10, worst: 20 * time.Millisecond},
		slow:     fine(),
		down:     fine(),
		outage:   &outageFacts{during: *fine(), agreed: 300 * time.Millisecond, inTime: true, apart: 2 * time.Second, whole: true},
		restart:  &restartFacts{reading: *fine(), asked: 100, loads: 1},
		whole:    *fine(),
	}
}

func brokenIn(f facts) (texts []string) {
	for _, p := range f.promises() {
		if p.tested && !p.kept {
			texts = append(texts, p.text)
		}
	}
	return texts
}

func TestPromises_AllAreKeptWhenAllGoesWell(t *testing.T) {
	f := good()
	if got := brokenIn(f); got != nil {
		t.Errorf("broken: %q", got)
	}
	for _, p := range f.promises() {
		if !p.tested {
			t.Errorf("not tested: %s", p.text)
		}
	}
}

// Each fact that must not be breaks one promise, and no other.
func TestPromises_EachIsBrokenByItsFact(t *testing.T) {
	seen := map[string]bool{}
	for text, spoil := range map[string]func(f *facts){
		"a stampede on a node makes one load":                         func(f *facts) { f.stampede.loads, f.stampede.loadsAfter = 2, 2 },
		"the other nodes find its result in L2":                       func(f *facts) { f.stampede.loadsAfter = 2 },
		"a stampede on all nodes makes one load":                      func(f *facts) { f.stampede.loadsSpread = 2 },
		"everybody in a stampede gets the product":                    func(f *facts) { f.stampede.failed = 1 },
		"a second after a change all nodes have the new price":        func(f *facts) { f.change.late = 1 },
		"nobody waits for a slow database if the node has a price":    func(f *facts) { f.slow.waits = 1 },
		"no errors while the database is down, if node or L2 has one": func(f *facts) { f.down.refusals = 1 },
		"no errors while L2 is down":                                  func(f *facts) { f.outage.during.refusals = 1 },
		"soon after its return all nodes agree with the database":     func(f *facts) { f.outage.inTime = false },
		"soon after that every node has found it and the others":      func(f *facts) { f.outage.whole = false },
		"no errors while a node restarts":                             func(f *facts) { f.restart.refusals = 1 },
		"a cold node fills its memory from L2":                        func(f *facts) { f.restart.loads = 11 },
		"no answer was ever false":                                    func(f *facts) { f.whole.wrong = 1 },
		"a second after a change nobody serves the old price":         func(f *facts) { f.whole.outdated = 1 },
		"clients see no other errors either":                          func(f *facts) { f.whole.refusals = 1 },
		"all nodes close without an error":                            func(f *facts) { f.closed = errors.New("node A hangs") },
	} {
		f := good()
		spoil(&f)
		if got := brokenIn(f); !slices.Equal(got, []string{text}) {
			t.Errorf("broken: %q, want %q", got, text)
		}
		seen[text] = true
	}
	f := good()
	for _, p := range f.promises() {
		if !seen[p.text] {
			t.Errorf("nothing here breaks %q", p.text)
		}
	}
}

func TestPromises_WhatWasNotPlayedIsNotJudged(t *testing.T) {
	var f facts
	tested := 0
	for _, p := range f.promises() {
		if p.tested {
			tested++
		}
		if p.tested && !p.kept {
			t.Errorf("%s is broken by nothing", p.text)
		}
	}
	if tested != len(f.general()) {
		t.Errorf("%d promises are tested by nothing", tested)
	}
}

func printed(r report) string {
	var out bytes.Buffer
	r.print(&out)
	return out.String()
}

func TestReport_NamesActsAndPromises(t *testing.T) {
	f := good()
	f.whole.empty, f.whole.excused = 17, 23
	rows := []row{
		{title: "warm-up", reading: reading{counts: counts{answers: 12_345}, p99: 7 * time.Millisecond}},
		{title: "price change", agreed: 1500 * time.Millisecond},
	}
	out := printed(report{rows: rows, facts: f})
	for _, want := range []string{
		"L1 freecache, L2 nats, backplane nats", "warm-up", "12,345", "7.0 ms", "1.5 s",
		"17 answers 503", "23 answers had an old price", "kept    a stampede on a node makes one load", "all promises kept\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
	for line := range strings.Lines(out) {
		if len(line) > 100 {
			t.Errorf("too wide: %q", line)
		}
	}
}

func TestReport_SaysThatTheMachineWasBusy(t *testing.T) {
	const remark = "the process stood still for 6.0 s of 60.0 s"
	f := good()
	f.whole.span = time.Minute
	for stood, want := range map[time.Duration]bool{3 * time.Second: false, 6 * time.Second: true} {
		f.stood = stood
		out := printed(report{rows: []row{{title: "warm-up"}}, facts: f})
		if strings.Contains(out, remark) != want {
			t.Errorf("after %v of standing still, is there a remark? Want %v:\n%s", stood, want, out)
		}
	}
}

func TestReport_SaysWhatWasBrokenAndWhatNotTested(t *testing.T) {
	f := good()
	f.change.late, f.restart = 1, nil
	r := report{rows: []row{{title: "warm-up"}}, facts: f}
	out := printed(r)
	if !strings.Contains(out, "BROKEN  a second after a change all nodes") || !strings.Contains(out, "1 of the promises BROKEN") || r.broken() != 1 {
		t.Errorf("the report hides it:\n%s", out)
	}
	f.change.late = 0
	if out = printed(report{rows: r.rows, facts: f}); !strings.Contains(out, "all promises kept so far, 2 not tested") {
		t.Errorf("the report hides what was not tested:\n%s", out)
	}
	if out = printed(report{facts: f}); out != "" {
		t.Errorf("a report of nothing: %q", out)
	}
}
