// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherencetest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherencetest"
)

// Two nodes that do not hear of each other do not behave as one cache.
func Example() {
	began := time.Now()
	now := func() time.Duration { return time.Since(began) }
	checker := coherencetest.New(coherencetest.Options{Keys: 1, Nodes: 2, Bounds: coherencetest.Bounds{Convergence: time.Millisecond}})

	// The source of truth has version 1, then version 2.
	nodes := [2]map[string]coherencetest.Value{{}, {}}
	for version := uint64(1); version <= 2; version++ {
		v := coherencetest.Value{Version: version, Made: now()}
		op := &coherencetest.Operation{
			Action: coherencetest.Set, From: now(), Value: v,
			Writes: []coherencetest.Version{{Key: 0, Version: version}},
		}
		nodes[0]["k0"] = v
		op.Wrote(core.Committed, nil)
		op.To = now()
		checker.Add(op)
		if version == 1 {
			nodes[1]["k0"] = v
		}
	}

	for node, cache := range nodes {
		op := &coherencetest.Operation{Action: coherencetest.Get, Node: node, From: now()}
		var ok bool
		op.Value, ok = cache["k0"]
		op.Answered(ok, nil)
		op.To = now()
		checker.AddFinal(op, 2)
	}
	for _, v := range checker.Violations() {
		fmt.Println(v.Invariant, v.Text, "on node", v.Operation.Node)
	}
	// Output: I2 convergence want v2 on node 1
}

func TestObserver_TellsWhereAnAnswerComesFrom(t *testing.T) {
	installed, err := core.Install("test", nil, []core.Plugin{coherencetest.Observer{}})
	if err != nil {
		t.Fatal(err)
	}
	answer := core.Result{Level: core.LevelDistributed, Stale: true}
	chain := core.Chain(func(context.Context, core.Request) (core.Result, error) { return answer, nil }, installed.Stages(core.Outer)...)
	var op coherencetest.Operation
	for _, ctx := range []context.Context{op.Context(t.Context()), t.Context()} {
		if got, err := chain(ctx, core.Request{}); err != nil || got != answer {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if op.Level != answer.Level || !op.Stale {
		t.Errorf("level %v, stale %t", op.Level, op.Stale)
	}
}
