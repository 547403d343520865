// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func clearing(ctx context.Context, r *Run) (*report.Section, error) {
	s := &report.Section{
		Name: "clear", Title: "RemoveByTag and ExpireAll",
		Text: "Time of one call with so many entries in memory, all of which it concerns. Clear begins with an empty store and leaves the old one to the garbage collector.",
	}
	table := report.Table{Header: []string{"entries", "RemoveByTag", "ExpireAll", "Clear"}}
	var byTag, clear []time.Duration
	for _, n := range []int{1000, 100_000, 1_000_000} {
		r.Log("clear: %d entries", n)
		tag, all, everything, err := clearTimes(ctx, n)
		if err != nil {
			return nil, err
		}
		micro := func(d time.Duration) string { return fmt.Sprintf("%.1f µs", float64(d)/1e3) }
		table.Add(n, micro(tag), micro(all), micro(everything))
		byTag, clear = append(byTag, tag), append(clear, everything)
	}
	s.Tables = append(s.Tables, table)
	s.Budgets = append(s.Budgets, clearBudgets("RemoveByTag", byTag)...)
	s.Budgets = append(s.Budgets, clearBudgets("Clear", clear)...)
	return s, nil
}

// clearBudgets are those of a call that took so long with few, more and most entries.
// Flat allows for the noise of a call of a microsecond.
func clearBudgets(call string, took []time.Duration) []report.Budget {
	last := len(took) - 1
	return []report.Budget{
		{What: call + ", 1 thousand to 1 million entries", Got: float64(slices.Max(took)) / 1e6, Most: 1, Unit: " ms"},
		{What: call + ", 1 million by 1 thousand entries", Got: float64(took[last]) / float64(took[0]), Most: 2, Bound: boundClearFlat},
	}
}

func clearTimes(ctx context.Context, n int) (byTag, all, clear time.Duration, err error) {
	memory, err := ottermem.New(&ottermem.Options{MaxEntries: 2 * n})
	if err != nil {
		return 0, 0, 0, err
	}
	stack, err := hybrid.New(hybrid.Options{Memory: memory})
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { _ = stack.Close(ctx) }()
	c, err := hybrid.Of[int](stack, "numbers", core.TTL(time.Hour), core.Tags("all"))
	if err != nil {
		return 0, 0, 0, err
	}
	for i := range n {
		_, _ = c.Set(ctx, load.Key(i), i)
	}
	timed := func(what func() (core.Outcome, error)) time.Duration {
		began := time.Now()
		_, failed := what()
		took := time.Since(began)
		if _, ok, _ := c.Get(ctx, load.Key(n/2)); (ok || failed != nil) && err == nil {
			err = fmt.Errorf("an entry is still there: %w", failed)
		}
		_, _ = c.Set(ctx, load.Key(n/2), 1)
		return took
	}
	var tags, ends []time.Duration
	for range 11 {
		tags = append(tags, timed(func() (core.Outcome, error) { return stack.RemoveByTag(ctx, "all") }))
		ends = append(ends, timed(func() (core.Outcome, error) { return stack.ExpireAll(ctx) }))
	}
	var clears []time.Duration
	for range 5 {
		for i := range n / 10 { // Clear does not look at what is there
			_, _ = c.Set(ctx, load.Key(i), i)
		}
		clears = append(clears, timed(func() (core.Outcome, error) { return stack.Clear(ctx) }))
	}
	return measure.Median(tags), measure.Median(ends), measure.Median(clears), err
}
