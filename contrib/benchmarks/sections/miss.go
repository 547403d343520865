// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

func misses(ctx context.Context, r *Run) (*report.Section, error) {
	s := &report.Section{
		Name: "miss", Title: "Miss in memory, loader returns at once",
		Text: "Full caches, every key new, so that a miss also evicts: string of 64 bytes. A row whose loader did not run each time would have stopped the run. " +
			"Allocations are without those of the key and of the value.",
	}
	capacity := pick(r, 50_000, 10_000)
	f, err := newField(r, load.Text(), capacity/2, capacity, those(func(p peers.Peer[string]) bool { return !p.NeedsRedis }))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.close() }()
	subjects := missSubjects(ctx, f)
	for _, one := range subjects {
		one.Run(0, 2*capacity) // now they are full
	}
	table := report.Table{Header: []string{"", "1 goroutine", "all cores", "allocations", "bytes"}}
	var both []measure.Times
	for _, parallel := range []int{1, runtime.GOMAXPROCS(0)} {
		r.Log("miss: %d goroutines", parallel)
		both = append(both, measure.Paired(r.Rand, measure.Plan{Rounds: pick(r, 60, 10), Turn: 10 * time.Millisecond, Parallel: parallel}, subjects))
	}
	ownCount, ownBytes := measure.Allocations(loaderAlone(f), 5000)
	for i, one := range f.runners {
		if one.wrong.Load() > 0 {
			return nil, fmt.Errorf("%s: %d answers without a load, or wrong", one.peer.Name, one.wrong.Load())
		}
		base := f.index("otter, Get")
		if one.peer.Bytes {
			base = f.index(peers.FreecachePlain)
		}
		count, bytes := measure.Allocations(subjects[i], 5000)
		count, bytes = count-ownCount, bytes-ownBytes
		table.Add(one.peer.Name, missCell(both[0], i, base), missCell(both[1], i, base), count, fmt.Sprintf("%.0f", bytes))
		if one.peer.Name == peers.OursOtter || one.peer.Name == peers.OursFreecache {
			bound := boundMissAllocations
			if one.peer.Bytes {
				bound = boundMissBytesAllocations
			}
			s.Budgets = append(s.Budgets,
				report.Budget{What: "miss: " + one.peer.Name + " by get-load-set on the same store", Got: both[0].Ratio(i, base), Most: 1.5, Bound: boundMiss},
				report.Budget{What: "miss: " + one.peer.Name + ", allocations", Got: count, Most: 3.05, Bound: bound})
		}
	}
	s.Budgets = append(s.Budgets, report.Budget{
		What: "miss: ours with all policies by sturdyc", Got: both[0].Ratio(f.index(peers.OursPolicies), f.index(peers.Sturdyc)), Most: 1 / 1.5, Bound: boundPolicies,
	})
	s.Tables = append(s.Tables, table)
	return s, nil
}

func missCell(t measure.Times, i, base int) string {
	return fmt.Sprintf("%.0f ns ×%.2f", t.Median(i), t.Ratio(i, base))
}

// loaderAlone makes keys and values and does nothing else.
func loaderAlone(f *field[string]) measure.Subject {
	var kept [2]string
	return measure.Subject{Run: func(from, n int) {
		for i := range n {
			kept[i%2] = load.Key(1_000_000 + from + i)
			kept[(i+1)%2] = f.kind.Make(1_000_000 + from + i)
		}
	}}
}

// missSubjects returns what reads keys that nobody has asked for yet.
func missSubjects(ctx context.Context, f *field[string]) []measure.Subject {
	out := make([]measure.Subject, len(f.runners))
	for i, one := range f.runners {
		var next atomic.Int64
		out[i] = measure.Subject{Name: one.peer.Name, Run: func(_, n int) {
			before := one.loads.Load()
			first := int(next.Add(int64(n))) - n
			for j := range n {
				v, err := one.cache.Get(ctx, load.Key(1_000_000+first+j))
				if err != nil || !f.kind.Is(v, 1_000_000+first+j) {
					one.wrong.Add(1)
				}
			}
			if one.loads.Load()-before < int64(n) {
				one.wrong.Add(1)
			}
		}}
	}
	return out
}
