// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/stats"
)

func TestMeter_ReadsWhatIsBetweenTwoMarks(t *testing.T) {
	m := &meter{}
	m.add(time.Hour, func(c *counts) { c.answered(outdated, false, true) })
	var from, to mark
	m.now(&from)
	for i := range 100 {
		m.add(time.Duration(i)*time.Millisecond, func(c *counts) { c.answered(right, false, false) })
	}
	m.add(0, func(c *counts) { c.refused(true) })
	m.add(0, func(c *counts) { c.refused(false) })
	m.add(0, func(c *counts) { c.answered(outdated, true, false) })
	m.add(0, func(c *counts) { c.answered(wrong, true, true) })
	m.wrote()
	m.now(&to)
	got := m.between(from, to)
	want := counts{answers: 102, refusals: 1, empty: 1, writes: 1, excused: 1, wrong: 1, waits: 1}
	if got.counts != want || got.requests() != 104 {
		t.Errorf("counts %+v, want %+v", got.counts, want)
	}
	if got.median < 45*time.Millisecond || got.median > 50*time.Millisecond || got.p99 < 95*time.Millisecond || got.p99 > 99*time.Millisecond {
		t.Errorf("median %v, p99 %v", got.median, got.p99)
	}
}

func TestQuantile(t *testing.T) {
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
	if got := quantile([]time.Duration{5}, 0.99); got != 5 {
		t.Errorf("of one: %v", got)
	}
}

func TestReading_Shares(t *testing.T) {
	var none reading
	if none.memory() != 0 {
		t.Error("a share of nothing")
	}
	r := reading{hits: counted(t, core.Hit, core.Hit, core.StaleHit, core.Miss)}
	if r.memory() != 0.5 || r.stale() != 0.25 || r.missed() != 0.25 || r.distributed() != 0 || r.staleAnswers() != 1 {
		t.Errorf("shares %v %v %v %v", r.memory(), r.distributed(), r.stale(), r.missed())
	}
}

// counted returns the snapshot after events of these kinds, hits in memory.
func counted(t *testing.T, kinds ...core.Kind) stats.Snapshot {
	t.Helper()
	plugin, events := stats.New(), core.NewEvents("test")
	if _, err := core.Install("test", events, []core.Plugin{plugin}); err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		events.Emit(core.Event{Kind: k, Key: "product:1", Level: core.LevelMemory})
	}
	return plugin.Snapshot()
}
