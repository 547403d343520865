// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

// grown is who takes part in the section on growth.
func grown(p peers.Peer[string]) bool {
	switch p.Name {
	case peers.OtterLoad, peers.OursOtter, "freecache, pooled msgpack", peers.FreecachePlain, peers.OursFreecache:
		return true
	}
	return false
}

func growth(ctx context.Context, r *Run) (*report.Section, error) {
	s := &report.Section{
		Name: "growth", Title: "Growth",
		Text: "A hit with more keys, and with more goroutines: string of 64 bytes, uniform access, which is the harder one. " +
			"With more keys a hit becomes slower because what it needs is not in the processor's caches; what is ours should follow the bare store.",
	}
	sizes := []int{1000, 10_000, 100_000, 1_000_000}
	if !r.Quick && memoryOfMachine() > 20<<30 {
		sizes = append(sizes, 10_000_000)
	}
	sizes = pick(r, sizes, sizes[:3])
	chart := report.Chart{Name: "growth-keys", Title: "Hit by number of keys", Unit: "ns", XName: "keys"}
	table := report.Table{Title: "**More keys, 1 goroutine**", Header: []string{"keys"}}
	for _, n := range sizes {
		f, times, err := grow(ctx, r, n, 1, 64)
		if err != nil {
			return nil, err
		}
		addGrowth(&table, &chart, f, times[0], n)
		if n == sizes[0] || n == sizes[len(sizes)-1] {
			s.Budgets = append(s.Budgets, growthBudgets(f, times[0], fmt.Sprintf("%d keys", n))...)
		}
		if n == 100_000 {
			more := report.Table{Title: "**More goroutines, 100,000 keys**", Header: []string{"goroutines"}}
			lines := report.Chart{Name: "growth-goroutines", Title: "Hit by number of goroutines", Unit: "ns", XName: "goroutines"}
			for i, g := range []int{1, 4, 16, 64} {
				addGrowth(&more, &lines, f, times[i], g)
			}
			s.Budgets = append(s.Budgets, growthBudgets(f, times[3], "64 goroutines")...)
			defer func() { s.Tables, s.Charts = append(s.Tables, more), append(s.Charts, lines) }()
		}
		_ = f.close()
		runtime.GC()
	}
	s.Tables, s.Charts = append(s.Tables, table), append(s.Charts, chart)
	return s, nil
}

// grow measures with n keys: alone, and if there are 100,000 with more goroutines.
func grow(ctx context.Context, r *Run, n, alone, crowd int) (*field[string], []measure.Times, error) {
	r.Log("growth: %d keys", n)
	f, err := newField(r, load.Text(), n, grown)
	if err != nil {
		return nil, nil, err
	}
	if err := f.fill(ctx); err != nil {
		_ = f.close()
		return nil, nil, err
	}
	subjects := f.subjects(ctx, load.Uniform(r.Rand, 1<<21, n))
	var out []measure.Times
	err = f.hitsOnly(func() {
		for g := alone; g <= crowd; g *= 4 {
			out = append(out, measure.Paired(r.Rand, measure.Plan{Rounds: pick(r, 40, 8), Turn: 10 * time.Millisecond, Parallel: g}, subjects))
			if n != 100_000 {
				break
			}
		}
	})
	return f, out, err
}

func addGrowth(t *report.Table, c *report.Chart, f *field[string], times measure.Times, at int) {
	row := []any{at}
	if len(t.Rows) == 0 {
		for _, one := range f.runners {
			t.Header = append(t.Header, one.peer.Name)
			c.Lines = append(c.Lines, report.Line{Label: one.peer.Name})
		}
	}
	for i := range f.runners {
		row = append(row, fmt.Sprintf("%.0f ns", times.Median(i)))
		c.Lines[i].X = append(c.Lines[i].X, float64(at))
		c.Lines[i].Y = append(c.Lines[i].Y, times.Median(i))
	}
	t.Add(row...)
}

func growthBudgets(f *field[string], times measure.Times, at string) []report.Budget {
	ratio := func(a, b string) float64 { return times.Ratio(f.index(a), f.index(b)) }
	return []report.Budget{
		{What: "growth, " + at + ": ours, otter by bare otter", Got: ratio(peers.OursOtter, peers.OtterLoad), Most: 1.15},
		{What: "growth, " + at + ": ours, freecache by plain freecache", Got: ratio(peers.OursFreecache, peers.FreecachePlain), Most: 0.95},
	}
}
