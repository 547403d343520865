// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

// access is a way to read.
type access struct {
	zipf     bool
	parallel int
}

func (a access) name() string {
	if a.zipf {
		return "Zipf, " + a.crowd()
	}
	return "uniform, " + a.crowd()
}

func (a access) crowd() string {
	if a.parallel == 1 {
		return "1 goroutine"
	}
	return "all cores"
}

func accesses(r *Run) []access {
	cores := runtime.GOMAXPROCS(0)
	all := []access{{true, 1}, {true, cores}, {false, 1}, {false, cores}}
	return pick(r, all, all[:2])
}

func hits(ctx context.Context, r *Run) (*report.Section, error) {
	s := &report.Section{
		Name: "hit", Title: "Hit in memory",
		Text: "100,000 keys, all of them cached; Zipf has exponent 1.01. Nanoseconds for one read, and the ratio to the first row of its " +
			"half within the same turn. A row whose loader ran once would have stopped the run.",
	}
	if err := hitsOf(ctx, r, s, load.Text()); err != nil {
		return nil, err
	}
	if err := hitsOf(ctx, r, s, load.Record()); err != nil {
		return nil, err
	}
	return s, hitsOf(ctx, r, s, load.Blob())
}

func hitsOf[V any](ctx context.Context, r *Run, s *report.Section, kind load.Kind[V]) error {
	keys := pick(r, 100_000, 20_000)
	f, err := newField(r, kind, keys, 2*keys, peers.All[V]())
	if err != nil {
		return err
	}
	defer func() { _ = f.close() }()
	if err := f.fill(ctx); err != nil {
		return err
	}
	runtime.GC()
	table := report.Table{Title: "**" + kind.Name + "**", Header: []string{""}}
	rows := make([][]any, len(f.runners))
	for i, one := range f.runners {
		rows[i] = []any{one.peer.Name}
	}
	var budgets []report.Budget
	var alone []float64 // times of the first access
	for _, a := range accesses(r) {
		r.Log("hit: %s, %s", kind.Name, a.name())
		order := load.Uniform(r.Rand, 1<<20, len(f.keys))
		if a.zipf {
			order = load.Zipf(r.Rand, 1<<20, len(f.keys), 1.01)
		}
		subjects := f.subjects(ctx, order)
		var times measure.Times
		err := f.hitsOnly(func() {
			times = measure.Paired(r.Rand, measure.Plan{Rounds: pick(r, 60, 10), Turn: 10 * time.Millisecond, Parallel: a.parallel, Before: f.keysOf(order)}, subjects)
		})
		if err != nil {
			return err
		}
		table.Header = append(table.Header, a.name())
		for i, one := range f.runners {
			base := f.index(peers.OtterLoad)
			if one.peer.Bytes {
				base = f.index(peers.FreecachePlain)
			}
			rows[i] = append(rows[i], fmt.Sprintf("%.0f ns ×%.2f", times.Median(i), times.Ratio(i, base)))
		}
		if alone == nil {
			alone = medians(times, len(f.runners))
		}
		budgets = append(budgets, hitBudgets(f, a, times)...)
		if a.zipf {
			s.Charts = append(s.Charts, hitChart(f, a, times, kind.Name))
		}
	}
	table.Header = append(table.Header, "allocations", "bytes")
	order := load.Zipf(r.Rand, 1<<16, len(f.keys), 1.01)
	counts := make([]float64, len(f.runners))
	for i, subject := range f.subjects(ctx, order) {
		count, bytes := measure.Allocations(subject, 20_000)
		counts[i] = count
		rows[i] = append(rows[i], count, fmt.Sprintf("%.0f", bytes))
		table.Add(rows[i]...)
		if p := f.runners[i].peer; p.Class == peers.Ours {
			most := 0.0 // of a decoded value that is kept encoded
			if p.Bytes {
				most = kind.Allocations
			}
			budgets = append(budgets, report.Budget{What: "hit, " + kind.Name + ": " + p.Name + ", allocations", Got: count, Most: most + 0.01})
		}
	}
	s.Tables = append(s.Tables, table)
	s.Budgets = append(s.Budgets, worst(budgets)...)
	digest(s, f, alone, counts)
	return nil
}

// worst returns the worst of the budgets of each name.
func worst(budgets []report.Budget) (out []report.Budget) {
	for _, b := range budgets {
		i := slices.IndexFunc(out, func(o report.Budget) bool { return o.What == b.What })
		switch {
		case i < 0:
			out = append(out, b)
		case b.Got > out[i].Got:
			out[i] = b
		}
	}
	return out
}

// hitBudgets are the budgets of one way to read one kind of values. Of Zipf and uniform
// the worse counts.
func hitBudgets[V any](f *field[V], a access, times measure.Times) (out []report.Budget) {
	add := func(who, than string, most, bound float64) {
		out = append(out, report.Budget{
			What: fmt.Sprintf("hit, %s, %s: %s by %s", f.kind.Name, a.crowd(), who, than),
			Got:  times.Ratio(f.index(who), f.index(than)), Most: most, Bound: bound,
		})
	}
	alone := 1.0
	if f.kind.Name == load.Blob().Name && a.parallel == 1 {
		alone = 1.15
	}
	add(peers.OursOtter, peers.OtterLoad, alone, boundHit)
	add(peers.OursOptions, peers.OtterLoad, alone, boundHitOptions)
	add(peers.OursTagged, peers.OursOtter, 1.05, boundTagged)
	add(peers.OursPlugins, peers.OursOtter, 1.15, boundPlugins)
	add(peers.OursOtter, peers.Theine, 1.1, boundTheine)
	add(peers.OursFreecache, peers.FreecachePlain, 0.85, boundHitBytes)
	for _, one := range f.runners {
		switch {
		case one.peer.Class != peers.MultiLevel:
		case one.peer.Bytes:
			add(peers.OursFreecache, one.peer.Name, 1, 1)
		default:
			add(peers.OursOtter, one.peer.Name, 1, boundSturdyc)
		}
	}
	return out
}

func hitChart[V any](f *field[V], a access, times measure.Times, kind string) report.Chart {
	c := report.Chart{Title: "Hit, " + kind + ", " + a.name(), Unit: "ns", Name: fileName("hit", kind, a.name())}
	for i, one := range f.runners {
		c.Bars = append(c.Bars, report.Bar{Label: one.peer.Name, Value: times.Median(i), Ours: one.peer.Class == peers.Ours})
	}
	return c
}
