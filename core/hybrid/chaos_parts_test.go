// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/locallock"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/chaos"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// Memory that refuses and forgets, and locks that fail and hang, cost loads and reads
// of the server. Nothing that is served is wrong, and no call fails.
func TestChaos_MemoryAndLockerCostWorkAndNothingElse(t *testing.T) {
	for name, memory := range map[string]func() core.MemoryLayer{
		"objects": func() core.MemoryLayer { return new(mapMemory) },
		"bytes":   func() core.MemoryLayer { return hybrid.Must(freecachemem.New(freecachemem.MinSize, nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				plan := chaos.NewPlan(1)
				c := open[int](t, hybrid.Options{
					Memory:      chaos.Memory(memory(), plan),
					Distributed: newServer(t),
					Locker:      chaos.Locker(locallock.New(), plan),
					Defaults:    core.EntryOptions{TTL: time.Minute, NodeLock: time.Second},
				})
				if err := plan.Use(chaos.Faults{Fail: 0.3, FailAfter: 0.1, Hang: 0.1, Drop: 0.3}); err != nil {
					t.Fatal(err)
				}
				value := map[string]int{}
				for i := range 500 {
					key := strconv.Itoa(i % 20)
					if i%7 == 0 {
						value[key] = i
						if _, err := c.Set(t.Context(), key, i); err != nil {
							t.Errorf("Set: %v", err)
						}
					}
					v, err := c.GetOrSet(t.Context(), key, func(context.Context, string) (int, error) {
						if want, ok := value[key]; ok {
							return want, nil
						}
						value[key] = i
						return i, nil
					})
					if v != value[key] || err != nil {
						t.Errorf("%q: got %d, %v, want %d", key, v, err, value[key])
					}
				}
				if plan.Injected() < 100 {
					t.Errorf("only %d faults", plan.Injected())
				}
				plan.Calm()
			})
		})
	}
}
