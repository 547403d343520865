// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"slices"
	"testing"
	"time"
)

func TestLedger_JudgesByWhatWasConfirmed(t *testing.T) {
	l := newLedger()
	l.changed(Product{ID: 7, Cents: 200, Revision: 2}, 10*time.Second)
	l.changed(Product{ID: 7, Cents: 300, Revision: 3}, 20*time.Second)
	for name, c := range map[string]struct {
		product Product
		asked   time.Duration
		want    fault
	}{
		"current":                 {Product{ID: 7, Cents: 300, Revision: 3}, 30 * time.Second, right},
		"not confirmed yet":       {Product{ID: 7, Cents: 400, Revision: 4}, 30 * time.Second, right},
		"old, just after":         {Product{ID: 7, Cents: 200, Revision: 2}, 20*time.Second + promptly, right},
		"old, too late":           {Product{ID: 7, Cents: 200, Revision: 2}, 20*time.Second + promptly + 1, outdated},
		"first price, too late":   {Product{ID: 7, Cents: 100, Revision: 1}, 15 * time.Second, outdated},
		"before any change":       {Product{ID: 7, Cents: 100, Revision: 1}, 5 * time.Second, right},
		"another product":         {Product{ID: 8, Cents: 300, Revision: 3}, 30 * time.Second, wrong},
		"a price it never had":    {Product{ID: 7, Cents: 301, Revision: 3}, 30 * time.Second, wrong},
		"an old one it never had": {Product{ID: 7, Cents: 201, Revision: 2}, 20 * time.Second, wrong},
	} {
		if got := l.judge(7, c.product, c.asked); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestLedger_ChangedIDs(t *testing.T) {
	l := newLedger()
	l.changed(Product{ID: 1}, time.Second)
	l.changed(Product{ID: 2}, 3*time.Second)
	l.changed(Product{ID: 3}, time.Second)
	l.changed(Product{ID: 3}, 4*time.Second)
	got := l.changedIDs(2 * time.Second)
	slices.Sort(got)
	if !slices.Equal(got, []int{2, 3}) {
		t.Errorf("changed since: %v", got)
	}
}
