// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"fmt"
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
	for _, n := range pick(r, []int{1000, 100_000, 1_000_000}, []int{1000, 100_000}) {
		r.Log("clear: %d entries", n)
		byTag, all, clear, err := clearTimes(ctx, n)
		if err != nil {
			return nil, err
		}
		micro := func(d time.Duration) string { return fmt.Sprintf("%.1f µs", float64(d)/1e3) }
		table.Add(n, micro(byTag), micro(all), micro(clear))
		s.Budgets = append(s.Budgets,
			report.Budget{What: fmt.Sprintf("RemoveByTag, %d entries", n), Got: float64(byTag) / 1e6, Most: 1, Unit: " ms"},
			report.Budget{What: fmt.Sprintf("Clear, %d entries", n), Got: float64(clear) / 1e6, Most: 1, Unit: " ms"})
	}
	s.Tables = append(s.Tables, table)
	return s, nil
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
	clear = timed(func() (core.Outcome, error) { return stack.Clear(ctx) })
	return measure.Median(tags), measure.Median(ends), clear, err
}
