// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package stats_test

import (
	"fmt"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/stats"
)

// A stack does what this example does by hand: it installs its plugins and
// emits events.
func Example() {
	p := stats.New()
	events := core.NewEvents("shop")
	if _, err := core.Install("shop", events, []core.Plugin{p}); err != nil {
		fmt.Println(err)
		return
	}

	events.Emit(core.Event{Kind: core.Miss, Key: "prices:1"})
	before := p.Snapshot()
	for range 3 {
		events.Emit(core.Event{Kind: core.Hit, Key: "prices:1", Level: core.LevelMemory})
	}

	now := p.Snapshot()
	fmt.Println("reads:", now.Count(core.Hit|core.StaleHit|core.Miss))
	fmt.Println("hits in memory:", now.CountAt(core.Hit, core.LevelMemory))
	fmt.Println("hit ratio:", now.HitRatio())
	fmt.Println("misses since:", now.Sub(before).Count(core.Miss))
	for name, n := range now.All() {
		if n > 0 {
			fmt.Println(name, n)
		}
	}
	// Output:
	// reads: 4
	// hits in memory: 3
	// hit ratio: 0.75
	// misses since: 0
	// hit 3
	// hit_memory 3
	// miss 1
}
