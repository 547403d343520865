// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"fmt"
	"strings"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// String returns the explanation as text of several lines, for people.
func (x Explanation) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("key %q of stack %q", x.Key, x.Stack)
	line("memory: %s", x.Memory)
	if x.Memory.Found {
		line("  believed: %t; marks: %s; agreed with the distributed layer %s ago", x.Trusted, x.Marks, span(x.Memory.Checked))
	}
	line("distributed: %s", x.Distributed)
	if x.Unread != nil {
		line("  no answer: %v", x.Unread)
	}
	for _, f := range []struct {
		what string
		f    Flight
	}{{"load", x.Load}, {"read", x.Read}} {
		if f.f.UnderWay {
			line("%s %s for %s, callers waiting: %d", f.what, f.f.doing(), span(f.f.For), f.f.Waiting)
		}
	}
	if x.Backoff != nil {
		line("factory left alone for %s after: %v", span(x.BackoffLeft), x.Backoff)
	}
	if !x.Fence.IsZero() {
		line("nothing older than %s is served", named(x.Fence))
	}
	if !x.Owed.IsZero() {
		line("a write of this node may not have reached the distributed layer: %s", named(x.Owed))
	}
	b.WriteString(x.Node.text())
	if x.Health.Distributed != nil {
		line("distributed layer to a ping: %v", x.Health.Distributed)
	}
	if x.Health.Backplane != nil {
		line("backplane to a ping: %v", x.Health.Backplane)
	}
	return b.String()
}

func (f Flight) doing() string {
	if f.Queued {
		return "waits for its turn"
	}
	return "under way"
}

func (n NodeState) text() string {
	var parts []string
	if n.Deaf {
		parts = append(parts, "may not hear the others")
	}
	if n.Quiet {
		parts = append(parts, "misses signs of life of another")
	}
	if n.Debts > 0 {
		parts = append(parts, fmt.Sprintf("keys whose last write it owes the others: %d", n.Debts))
	}
	if n.Overflow {
		parts = append(parts, "owes them an invalidation of everything")
	}
	if len(parts) == 0 {
		return "node: in step with the others\n"
	}
	return "node: " + strings.Join(parts, "; ") + "\n"
}

// String returns the copy as text of one line.
func (c Copy) String() string {
	switch {
	case !c.Asked:
		return "not asked"
	case !c.Found:
		return "nothing"
	case c.Foreign:
		return fmt.Sprintf("%d bytes that are not ours", c.Size)
	case c.Removed:
		return "the mark of a removal, " + named(c.Version)
	case c.State == 0:
		return fmt.Sprintf("%d bytes that cannot be read, %s", c.Size, named(c.Version))
	}
	text := fmt.Sprintf("%s, %s old, fresh for %s, usable for %s", c.State, span(c.Age), span(c.Remaining), span(c.Usable))
	if c.Missing {
		text = "no value by the factory's word: " + text
	}
	if c.Throttled > 0 {
		text += fmt.Sprintf(", throttled for %s (window %d)", span(c.Throttled), c.Cycles)
	}
	if len(c.Tags) > 0 {
		text += fmt.Sprintf(", tags %q", c.Tags)
	}
	if c.Size > 0 {
		text += fmt.Sprintf(", %d bytes", c.Size)
	}
	if !c.Version.IsZero() {
		text += ", " + named(c.Version)
	}
	return text
}

// named returns a version for people: when, by whom, the how manieth.
func named(v core.Version) string {
	return fmt.Sprintf("write %d of node %012x at %s", v.Op, v.Node, time.UnixMilli(v.Time).UTC().Format("2006-01-02T15:04:05.000Z"))
}

// span returns a duration for people.
func span(d time.Duration) string {
	switch {
	case d == core.Forever:
		return "ever"
	case d >= time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.String()
}
