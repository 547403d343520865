// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"fmt"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/hitratio"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

func ratios(ctx context.Context, r *Run) (*report.Section, error) {
	s := &report.Section{
		Name: "ratio", Title: "Hit ratio",
		Text: "Share of requests that need no load. The optimum is Bélády's policy, which knows the future. The byte stores have as much memory as the entries need by calculation, so they may hold a few more. " +
			"Traces of your own: `go run . -trace FILE`.",
	}
	n, keys := pick(r, 1_000_000, 100_000), pick(r, 100_000, 20_000)
	for _, trace := range hitratio.Patterns(r.Rand, n, keys) {
		r.Log("ratio: %s", trace.Name)
		table, err := HitRatios(ctx, trace, []int{keys / 20, keys / 10, keys / 5})
		if err != nil {
			return nil, err
		}
		s.Tables = append(s.Tables, table)
	}
	return s, nil
}

// HitRatios replays a trace through contestants with room for so many entries.
func HitRatios(ctx context.Context, trace hitratio.Trace, capacities []int) (report.Table, error) {
	table := report.Table{Title: fmt.Sprintf("**%s**, %d requests for %d keys", trace.Name, len(trace.Keys), trace.Count), Header: []string{"room for"}}
	for _, c := range capacities {
		table.Header = append(table.Header, fmt.Sprint(c))
	}
	row := func(name string, ratio func(capacity int) (float64, error)) error {
		cells := []any{name}
		for _, c := range capacities {
			share, err := ratio(c)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			cells = append(cells, fmt.Sprintf("%.1f %%", 100*share))
		}
		table.Add(cells...)
		return nil
	}
	_ = row("optimum", func(c int) (float64, error) { return hitratio.Optimum(trace, c), nil })
	_ = row("LRU", func(c int) (float64, error) { return hitratio.LRU(trace, c), nil })
	for _, p := range peers.All[string]() {
		switch p.Name {
		case peers.OtterLoad, peers.OursOtter, peers.Theine, peers.Sturdyc, "ristretto", peers.FreecachePlain, peers.OursFreecache:
		default:
			continue
		}
		if err := row(p.Name, func(c int) (float64, error) { return hitratio.Replay(ctx, trace, p, c) }); err != nil {
			return table, err
		}
	}
	return table, nil
}
