// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

// bytesPerGrownKey is what a key takes, in all contestants of one store together and in
// the lists of keys.
const bytesPerGrownKey = 1000

// crowded is how many keys there are when goroutines become more.
const crowded = 100_000

// curve is how the contestants on one store grow. The first is the bare store that ours
// has to follow: more keys are to add no more to a hit of ours than to one of that. What
// either spends on a hit whatever there is, as on decoding, is not part of it.
type curve struct {
	store string
	names []string // the bare store, and ours
	keys  report.Table
	tasks report.Table
}

func growth(ctx context.Context, r *Run) (*report.Section, error) {
	s := &report.Section{
		Name: "growth", Title: "Growth",
		Text: "A hit with more keys, and with more goroutines: string of 64 bytes, uniform access, which is the harder one. With more keys a hit becomes slower because what it needs " +
			"is not in the processor's caches. Ours follows the bare store's curve if more keys add no more to it, and if its ratio to that, in brackets, does not grow with the goroutines.",
	}
	sizes := []int{1000, 10_000, 100_000, 1_000_000, 10_000_000}
	if r.Quick {
		sizes = sizes[:3]
	}
	if most := sizes[len(sizes)-1]; int64(most) > availableMemory()/bytesPerGrownKey {
		sizes = sizes[:len(sizes)-1]
		s.Text += fmt.Sprintf(" %d keys are left out: they need about %d MiB, and %d are available.", most, most*bytesPerGrownKey>>20, availableMemory()>>20)
	}
	keys := report.Chart{Name: "growth-keys", Title: "Hit by number of keys", Unit: "ns", XName: "keys"}
	tasks := report.Chart{Name: "growth-goroutines", Title: "Hit by number of goroutines", Unit: "ns", XName: "goroutines"}
	for _, c := range []*curve{
		{store: "freecache", names: []string{peers.FreecachePlain, peers.OursFreecache}},
		{store: "otter", names: []string{peers.OtterLoad, peers.OursOtter}},
	} {
		if err := c.grow(ctx, r, s, sizes, &keys, &tasks); err != nil {
			return nil, err
		}
	}
	s.Charts = append(s.Charts, keys, tasks)
	return s, nil
}

// grow measures with more keys, and at one size with more goroutines.
func (c *curve) grow(ctx context.Context, r *Run, s *report.Section, sizes []int, keys, tasks *report.Chart) error {
	c.keys = report.Table{Title: "**" + c.store + ", more keys, 1 goroutine**", Header: append([]string{"keys"}, c.names...)}
	c.tasks = report.Table{Title: fmt.Sprintf("**%s, more goroutines, %d keys**", c.store, crowded), Header: append([]string{"goroutines"}, c.names...)}
	byKeys, byTasks := c.lines(keys), c.lines(tasks)
	var first, last measure.Times
	var together []float64
	for _, n := range sizes {
		r.Log("growth: %s, %d keys", c.store, n)
		counts := []int{1}
		if n == crowded {
			counts = []int{1, 4, 16, 64}
		}
		all, err := c.measure(ctx, r, n, counts)
		if err != nil {
			return err
		}
		c.add(&c.keys, byKeys, all[0], n)
		if last = all[0]; first == nil {
			first = last
		}
		if n == crowded {
			for i, g := range counts {
				together = append(together, c.add(&c.tasks, byTasks, all[i], g))
			}
		}
		debug.FreeOSMemory()
	}
	s.Tables = append(s.Tables, c.keys, c.tasks)
	s.Budgets = append(s.Budgets,
		report.Budget{
			What: fmt.Sprintf("growth, 1000 to %d keys: what is added to %s by what is added to the bare store", sizes[len(sizes)-1], c.ours()),
			Got:  (last.Median(1) - first.Median(1)) / (last.Median(0) - first.Median(0)), Most: 1.15, Bound: pick(r, boundGrowth, boundGrowthQuick),
		},
		report.Budget{What: fmt.Sprintf("growth, 1 to 64 goroutines: %s by the bare store's curve", c.ours()), Got: slices.Max(together) / together[0], Most: 1.15, Bound: boundGrowth})
	return nil
}

func (c *curve) ours() string { return c.names[len(c.names)-1] }

// lines adds a line for each contestant to chart, and returns where they begin.
func (c *curve) lines(chart *report.Chart) func(i int) *report.Line {
	first := len(chart.Lines)
	for _, name := range c.names {
		chart.Lines = append(chart.Lines, report.Line{Label: name})
	}
	return func(i int) *report.Line { return &chart.Lines[first+i] }
}

// measure measures hits with n keys, and so many goroutines each time.
func (c *curve) measure(ctx context.Context, r *Run, n int, counts []int) ([]measure.Times, error) {
	f, err := newField(r, load.Text(), n, n+n/4, those(func(p peers.Peer[string]) bool { return slices.Contains(c.names, p.Name) }))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.close() }()
	usual := debug.SetGCPercent(30) // or else the garbage of filling takes as much as what is held
	err = f.fill(ctx)
	debug.SetGCPercent(usual)
	if err != nil {
		return nil, err
	}
	runtime.GC() // and what filling has left is swept
	order := load.Uniform(r.Rand, 1<<21, n)
	subjects := f.subjects(ctx, order)
	var out []measure.Times
	err = f.hitsOnly(func() {
		for _, g := range counts {
			out = append(out, measure.Paired(r.Rand, measure.Plan{Rounds: pick(r, 60, 10), Turn: 10 * time.Millisecond, Parallel: g, Before: f.keysOf(order)}, subjects))
		}
	})
	return out, err
}

// add adds a row and points, and returns the ratio of ours to the bare store.
func (c *curve) add(t *report.Table, line func(int) *report.Line, times measure.Times, at int) (ratio float64) {
	row := []any{at}
	for i := range c.names {
		ratio = times.Ratio(i, 0)
		row = append(row, fmt.Sprintf("%.0f ns (%.2f)", times.Median(i), ratio))
		l := line(i)
		l.X, l.Y = append(l.X, float64(at)), append(l.Y, times.Median(i))
	}
	t.Add(row...)
	return ratio
}
