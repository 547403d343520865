// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// The control sequences of a terminal (ECMA-48).
const (
	eraseLine  = "\x1b[2K"
	upOne      = "\x1b[A"
	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
	noWrap     = "\x1b[?7l"
	wrap       = "\x1b[?7h"
	bold       = "\x1b[1m"
	red        = "\x1b[31m"
	green      = "\x1b[32m"
	dim        = "\x1b[2m"
	reset      = "\x1b[0m"
)

// terminal is a view that draws its last lines again and again. What has been
// said above them stays.
type terminal struct {
	mu    sync.Mutex
	w     io.Writer
	drawn int // lines that are drawn now
	head  string
	last  status
}

func (t *terminal) begin(n, of int, a act) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.head = fmt.Sprintf("%sact %d of %d, %s%s: %s", bold, n, of, a.title, reset, a.story)
	t.print("\n" + t.head)
}

func (t *terminal) note(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.print("  " + fmt.Sprintf(format, args...))
}

func (t *terminal) end(r row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	color := green
	if r.refusals+r.outdated+r.wrong > 0 {
		color = red
	}
	t.print("  " + color + summary(r.reading) + reset)
}

func (*terminal) every() time.Duration { return 250 * time.Millisecond }

func (t *terminal) tick(s status) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = s
	t.draw(t.panel())
}

func (t *terminal) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = status{}
	t.draw(nil)
	fmt.Fprint(t.w, wrap+showCursor)
}

// print writes a line that stays, above the panel.
func (t *terminal) print(line string) {
	panel := t.panel()
	t.draw(nil)
	fmt.Fprintln(t.w, line)
	t.draw(panel)
}

// draw replaces the panel.
func (t *terminal) draw(lines []string) {
	var b strings.Builder
	b.WriteString(hideCursor + noWrap)
	for range t.drawn {
		b.WriteString(upOne + eraseLine)
	}
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	t.drawn = len(lines)
	_, _ = io.WriteString(t.w, b.String())
}

// panel is how things are, or nothing before there is anything to say.
func (t *terminal) panel() []string {
	s := t.last
	if s.elapsed == 0 {
		return nil
	}
	return []string{
		"",
		fmt.Sprintf("  %4.0f s  %5.0f req/s   p50 %-8s p99 %-8s errors %s", s.elapsed.Seconds(), s.rate(),
			duration(s.median), duration(s.p99), alarm(s.refusals > 0, number(s.refusals))),
		fmt.Sprintf("  L1 %s  L2 %s  stale %s  miss %s", gauge(s.memory()), gauge(s.distributed()), gauge(s.stale()), gauge(s.missed())),
		fmt.Sprintf("  database %s  %4.0f loads/s   circuit to L2 %s", alarm(s.database != "up", fmt.Sprintf("%-4s", s.database)),
			float64(s.loads)/max(s.span.Seconds(), 0.001), alarm(s.circuit != closedCircuits, s.circuit)),
	}
}

// gauge draws a share as a bar.
func gauge(share float64) string {
	const width = 8
	full := int(share*width + 0.5)
	return fmt.Sprintf("%s%s%s%s %3.0f %%", strings.Repeat("█", full), dim, strings.Repeat("░", width-full), reset, 100*share)
}

// alarm paints text if there is a reason.
func alarm(reason bool, text string) string {
	if reason {
		return red + text + reset
	}
	return text
}

func (t *terminal) live() ticker { return t }
