// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// perform1 shows a view a short show.
func perform1(v view) {
	v.note("filling")
	v.begin(1, 2, act{title: "warm-up", story: "clients come"})
	v.live().tick(status{reading: reading{counts: counts{answers: 10}, span: time.Second}, elapsed: time.Second, database: "up", circuit: "closed"})
	v.note("%d nodes", 3)
	v.live().tick(status{elapsed: 2 * time.Second, database: "DOWN", circuit: "open (3 of 3 nodes)"})
	v.end(row{title: "warm-up", reading: reading{counts: counts{answers: 20, refusals: 1}}})
	v.live().close()
}

func TestPlain_WritesOneLineAfterTheOther(t *testing.T) {
	var out bytes.Buffer
	perform1(&plain{w: &out})
	for _, want := range []string{
		"  filling\n", "\nact 1 of 2, warm-up: clients come\n", "10 req/s", "  3 nodes\n", "database DOWN", "21 requests",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("there are control sequences in plain lines")
	}
}

// screen plays the part of a terminal, as far as the view uses one.
func screen(text string) (lines []string) {
	lines = []string{""}
	at := 0
	for _, skip := range []string{hideCursor, showCursor, noWrap, wrap, bold, red, green, dim, reset} {
		text = strings.ReplaceAll(text, skip, "")
	}
	for len(text) > 0 {
		switch {
		case strings.HasPrefix(text, upOne):
			at, text = at-1, text[len(upOne):]
		case strings.HasPrefix(text, eraseLine):
			lines[at], text = "", text[len(eraseLine):]
		case text[0] == '\n':
			if at++; at == len(lines) {
				lines = append(lines, "")
			}
			text = text[1:]
		default:
			end := strings.IndexAny(text, "\n\x1b")
			lines[at] += text[:end]
			text = text[end:]
		}
	}
	return lines[:at+1]
}

func TestTerminal_LeavesWhatWasSaidAndNothingElse(t *testing.T) {
	var out bytes.Buffer
	perform1(&terminal{w: &out})
	got := strings.Join(screen(out.String()), "\n")
	want := "  filling\n\nact 1 of 2, warm-up: clients come\n  3 nodes\n" +
		"  21 requests, 0 loads, 0 stale answers, 1 errors, p50 0.0 ms, p99 0.0 ms\n"
	if got != want {
		t.Errorf("the screen is\n%q, want\n%q", got, want)
	}
	if !strings.HasSuffix(out.String(), wrap+showCursor) {
		t.Error("the terminal is not left as it was found")
	}
}

func TestTerminal_DrawsThePanelBelow(t *testing.T) {
	var out bytes.Buffer
	v := &terminal{w: &out}
	v.begin(1, 2, act{title: "warm-up", story: "clients come"})
	v.tick(status{reading: reading{counts: counts{answers: 10}, span: time.Second}, elapsed: time.Second, database: "up", circuit: "closed"})
	v.note("hello")
	got := screen(out.String())
	if len(got) < 6 || got[2] != "  hello" || !strings.Contains(got[4], "10 req/s") || !strings.Contains(got[6], "database up") {
		t.Errorf("the screen is\n%s", strings.Join(got, "\n"))
	}
}

func TestNewView_IsPlainForAFile(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if v, ok := newView(f).(*plain); !ok {
		t.Errorf("the view of a file is %T", v)
	}
}
