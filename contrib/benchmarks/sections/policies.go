// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

func policies(ctx context.Context, r *Run) (*report.Section, error) {
	s := &report.Section{
		Name: "policies", Title: "What each policy costs",
		Text: "Each row has all that the rows before it have, but for the last two. Hits and misses with otter, one goroutine, string of 64 bytes; in brackets what the policy adds. " +
			"Allocations of a miss are without those of the key and of the value.",
	}
	keys := pick(r, 50_000, 10_000)
	f, err := newField(r, load.Text(), keys, 2*keys, peers.Policies[string]())
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.close() }()
	if err := f.fill(ctx); err != nil {
		return nil, err
	}
	r.Log("policies: hits")
	plan := measure.Plan{Rounds: pick(r, 80, 10), Turn: 10 * time.Millisecond}
	order := load.Zipf(r.Rand, 1<<20, keys, 1.01)
	hitting, looking := f.subjects(ctx, order), plan
	looking.Before = f.keysOf(order)
	var hits, misses measure.Times
	if err := f.hitsOnly(func() { hits = measure.Paired(r.Rand, looking, hitting) }); err != nil {
		return nil, err
	}
	hitAllocations := make([]float64, len(hitting))
	for i, one := range hitting {
		hitAllocations[i], _ = measure.Allocations(one, 20_000)
	}
	r.Log("policies: misses")
	missing := missSubjects(ctx, f)
	for _, one := range missing {
		one.Run(0, 4*keys) // now they are full
	}
	misses = measure.Paired(r.Rand, plan, missing)
	table := report.Table{Header: []string{"", "hit", "allocations", "miss", "allocations"}}
	allocations := make([]float64, len(f.runners))
	own, _ := measure.Allocations(loaderAlone(f), 5000)
	for i, one := range f.runners {
		if one.wrong.Load() > 0 {
			return nil, fmt.Errorf("%s: %d wrong answers", one.peer.Name, one.wrong.Load())
		}
		less := i - 1
		switch one.peer.Name {
		case peers.HardTimeout:
			less = f.index(peers.Stampede)
		case peers.BareTimeout:
			less = f.index(peers.NoPolicy)
		}
		count, _ := measure.Allocations(missing[i], 5000)
		allocations[i] = count - own
		table.Add(one.peer.Name, policyCell(hits, i, less), hitAllocations[i], policyCell(misses, i, less), allocations[i])
	}
	s.Tables = append(s.Tables, table)
	limited, plain := f.index(peers.HardTimeout), f.index(peers.Stampede)
	least := misses.Difference(f.index(peers.BareTimeout), f.index(peers.NoPolicy)) / 1e3
	s.Budgets = append(s.Budgets,
		report.Budget{What: "miss: what a hard timeout adds", Got: misses.Difference(limited, plain) / 1e3, Most: 1, Bound: boundHardTimeout * least, Unit: " µs"},
		report.Budget{What: "miss: what a hard timeout adds, allocations", Got: allocations[limited] - allocations[plain], Most: 4.05})
	return s, nil
}

// policyCell says what i takes, and how much more than less does.
func policyCell(t measure.Times, i, less int) string {
	if less < 0 {
		return fmt.Sprintf("%.0f ns", t.Median(i))
	}
	return fmt.Sprintf("%.0f ns (%+.0f)", t.Median(i), t.Difference(i, less))
}
