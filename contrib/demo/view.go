// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// view shows the show while it goes on. Its methods may be called from many
// goroutines at once.
type view interface {
	begin(n, of int, a act)
	note(format string, args ...any)
	end(r row)
	live() ticker
}

// ticker is the part of a view that is told how things are, every now and then.
type ticker interface {
	every() time.Duration
	tick(s status)
	close()
}

// newView returns the view that suits f: one that moves for a terminal, plain
// lines for everything else.
func newView(f *os.File) view {
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb" {
		return &terminal{w: f}
	}
	return &plain{w: f}
}

// plain is a view of lines, one after the other.
type plain struct {
	mu sync.Mutex
	w  io.Writer
}

func (p *plain) line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.w, format+"\n", args...)
}

func (p *plain) begin(n, of int, a act) { p.line("\nact %d of %d, %s: %s", n, of, a.title, a.story) }

func (p *plain) note(format string, args ...any) { p.line("  "+format, args...) }

func (p *plain) end(r row) { p.line("  %s", summary(r.reading)) }

func (*plain) every() time.Duration { return 2 * time.Second }

func (p *plain) tick(s status) {
	p.line("  %5.1f s  %5.0f req/s  %s", s.elapsed.Seconds(), s.rate(), strings.Join(s.details(), "  "))
}

func (*plain) close() {}

// rate returns the requests per second.
func (r reading) rate() float64 { return float64(r.requests()) / max(r.span.Seconds(), 0.001) }

// details are the parts of a line about a moment.
func (s status) details() []string {
	return []string{
		fmt.Sprintf("L1 %4.0f %%", 100*s.memory()), fmt.Sprintf("L2 %4.0f %%", 100*s.distributed()), fmt.Sprintf("stale %3.0f %%", 100*s.stale()),
		fmt.Sprintf("loads %3.0f/s", float64(s.loads)/max(s.span.Seconds(), 0.001)),
		"errors " + number(s.refusals), fmt.Sprintf("p99 %6s", duration(s.p99)),
		"database " + s.database, "L2 circuit " + s.circuit,
	}
}

// summary says in one line what happened.
func summary(r reading) string {
	return fmt.Sprintf("%s requests, %s loads, %s stale answers, %s errors, p50 %s, p99 %s",
		number(r.requests()), number(int(r.loads)), number(r.staleAnswers()), number(r.refusals), duration(r.median), duration(r.p99))
}

func (p *plain) live() ticker { return p }
