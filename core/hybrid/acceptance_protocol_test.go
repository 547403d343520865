// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// groups are the constants of the protocol and the limits of the background, by
// their names in hybrid.Options.
var groups = []string{"Background", "Shared", "Pulse", "Recovery"}

// eachNumber runs a test for every field of the groups. put sets the field.
func eachNumber(t *testing.T, test func(t *testing.T, name string, put func(o *hybrid.Options, n int64), f reflect.StructField)) {
	for _, group := range groups {
		g, ok := reflect.TypeFor[hybrid.Options]().FieldByName(group)
		if !ok {
			t.Fatalf("there are no options %s", group)
		}
		for _, f := range reflect.VisibleFields(g.Type) {
			name := "Options." + group + "." + f.Name
			t.Run(name, func(t *testing.T) {
				test(t, name, func(o *hybrid.Options, n int64) {
					reflect.ValueOf(o).Elem().FieldByIndex(g.Index).FieldByIndex(f.Index).SetInt(n)
				}, f)
			})
		}
	}
}

func TestSeed_BL6_NoNumberOfTheProtocolMayBeNegative(t *testing.T) {
	eachNumber(t, func(t *testing.T, name string, put func(*hybrid.Options, int64), _ reflect.StructField) {
		for _, n := range []int64{-1, math.MinInt32} {
			o := hybrid.Options{Memory: new(mapMemory)}
			put(&o, n)
			_, err := hybrid.New(o)
			expectOption(t, err, name)
		}
	})
}

// The longest durations either contradict another one, and are refused, or nodes
// work with them, be they so few or so many that they beat more slowly.
func TestSeed_BL6_TheLongestDurationsOfTheProtocolOverflowNothing(t *testing.T) {
	eachNumber(t, func(t *testing.T, name string, put func(*hybrid.Options, int64), f reflect.StructField) {
		if f.Type != reflect.TypeFor[time.Duration]() {
			return
		}
		for _, d := range []time.Duration{core.Forever, core.Forever - 1, core.Forever / 2} {
			for _, crowd := range []int{0, 1} {
				synctest.Test(t, func(t *testing.T) {
					change := func(o *hybrid.Options) {
						o.Pulse.Crowd = crowd
						put(o, int64(d))
					}
					o := hybrid.Options{Memory: new(mapMemory)}
					change(&o)
					if s, err := hybrid.New(o); err != nil {
						group := name[:strings.LastIndexByte(name, '.')]
						expectOption(t, err, group)
						return
					} else if err := s.Close(t.Context()); err != nil {
						t.Error(err)
					}
					expectToShare(t, change)
				})
			}
		}
	})
}

// expectToShare has two nodes, with the options that change makes, read each other's
// writes, believe what their memory holds, and make good what a server has missed.
func expectToShare(t *testing.T, change func(*hybrid.Options)) {
	t.Helper()
	n := newNetwork(t)
	var nodes [2]*hybrid.Cache[int]
	for i := range nodes {
		o := n.join(core.EntryOptions{TTL: time.Hour})
		change(&o)
		nodes[i] = open[int](t, o)
	}
	time.Sleep(10 * time.Second) // all have joined, and know each other
	for v := range 2 {
		set(t, nodes[0], v)
		synctest.Wait()
		expectHit(t, nodes[1], v)
		before := n.gets.Load()
		for range 20 {
			time.Sleep(time.Second)
			expectHit(t, nodes[0], v)
			expectHit(t, nodes[1], v)
		}
		if reads := n.gets.Load() - before; reads > 2 {
			t.Errorf("the server was read %d times in 20 s: the nodes do not believe their memory", reads)
		}
	}
	n.down.Store(true)
	set(t, nodes[0], 2)
	n.down.Store(false)
	time.Sleep(10 * time.Second)
	expectHit(t, nodes[0], 2)
	expectMissOrHit(t, nodes[1], 2)
}

// expectMissOrHit is a Get of key "k" that must not find anything but want.
func expectMissOrHit(t *testing.T, c *hybrid.Cache[int], want int) {
	t.Helper()
	if v, ok, err := c.Get(t.Context(), "k"); ok && v != want || err != nil {
		t.Errorf("Get: got %v, %v, %v, want %v or a miss", v, ok, err, want)
	}
}
