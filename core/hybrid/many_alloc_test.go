// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !race

package hybrid

import (
	"context"
	"testing"
)

// The race detector has pools forget things at random, so this is for builds without
// it.
//
// If all keys are in memory, what is allocated is the map that is returned.
func TestGetOrSetMany_HitsAllocateOnlyTheResult(t *testing.T) {
	c := newInflightStack(t)
	byNumber := NewKeyed(c, IntKey[int])
	ctx := t.Context()
	var keys []string
	var numbers []int
	for i := range 100 {
		keys, numbers = append(keys, string(IntKey(nil, i))), append(numbers, i)
		_, _ = c.Set(ctx, keys[i], i)
	}
	load := func(context.Context, []string) (map[string]int, error) { return nil, nil }
	loadNumbers := func(context.Context, []int) (map[int]int, error) { return nil, nil }
	var escaped any // as the result does
	text := testing.AllocsPerRun(100, func() {
		out := make(map[string]int, len(keys))
		for i, key := range keys {
			out[key] = i
		}
		escaped = out
	})
	number := testing.AllocsPerRun(100, func() {
		out := make(map[int]int, len(keys))
		for i, key := range numbers {
			out[key] = i
		}
		escaped = out
	})
	_ = escaped
	for name, test := range map[string]struct {
		want float64
		call func()
	}{
		"GetOrSetMany":       {text, func() { _, _ = c.GetOrSetMany(ctx, keys, load) }},
		"GetMany":            {text, func() { _, _ = c.GetMany(ctx, keys) }},
		"Keyed.GetOrSetMany": {number, func() { _, _ = byNumber.GetOrSetMany(ctx, numbers, loadNumbers) }},
	} {
		if got := testing.AllocsPerRun(100, test.call); got > test.want {
			t.Errorf("%s: %v allocations, the map alone takes %v", name, got, test.want)
		}
	}
}
