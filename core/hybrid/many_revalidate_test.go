// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// headed is a layer that reads many headers at once, and notes for which keys of entries
// it reads what.
type headed struct {
	*batched
	unsupported bool

	mu      sync.Mutex
	headers []string // the keys of each call
	values  []string
}

func note(list *[]string, keys []string) {
	var ends []string
	for _, key := range keys {
		if i := strings.LastIndex(key, ":"); strings.Contains(key, ":e:") {
			ends = append(ends, key[i+1:])
		}
	}
	if len(ends) > 0 {
		*list = append(*list, strings.Join(ends, " "))
	}
}

func (h *headed) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	if h.unsupported {
		return nil, errors.ErrUnsupported
	}
	h.mu.Lock()
	note(&h.headers, keys)
	h.mu.Unlock()
	if h.down.Load() {
		return nil, errServer
	}
	out, err := h.Store.ReadHeaders(ctx, keys)
	for i, key := range keys {
		if bad := h.broken.Load(); bad != nil && strings.HasSuffix(key, *bad) {
			out[i] = core.Got{Err: errServer}
		}
	}
	return out, err
}

func (h *headed) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	h.mu.Lock()
	note(&h.values, keys)
	h.mu.Unlock()
	return h.batched.GetMany(ctx, keys)
}

// expectReads checks what was read since the last call: the calls, and their keys.
func (h *headed) expectReads(t *testing.T, headers, values string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if got := strings.Join(h.headers, " | "); got != headers {
		t.Errorf("headers read of %q, want %q", got, headers)
	}
	if got := strings.Join(h.values, " | "); got != values {
		t.Errorf("values read of %q, want %q", got, values)
	}
	h.headers, h.values = nil, nil
}

// doubting is a node that holds copies of which it knows that they may be out of date,
// and another that has changed some.
type doubting struct {
	*hybrid.Cache[int]
	layer   *headed
	other   *hybrid.Cache[int]
	channel *localbus.Channel
}

func newDoubting(t *testing.T) *doubting {
	t.Helper()
	d := &doubting{layer: &headed{batched: newBatched()}}
	bus := hybrid.Must(localbus.NewBus(nil))
	d.channel = bus.Channel(hybrid.Channel("app"))
	defaults := core.EntryOptions{TTL: time.Hour, StaleTTL: 2 * time.Hour}
	d.Cache = open[int](t, hybrid.Options{Distributed: d.layer, Backplane: d.channel, Defaults: defaults})
	d.other = open[int](t, hybrid.Options{
		Distributed: d.layer.Store, Backplane: bus.Channel(hybrid.Channel("app")), Defaults: defaults,
	})
	synctest.Wait()
	return d
}

// lose has messages be lost while change runs.
func (d *doubting) lose(change func()) {
	d.channel.Disconnect()
	change()
	d.channel.Reconnect()
	synctest.Wait()
	d.layer.mu.Lock()
	defer d.layer.mu.Unlock()
	d.layer.headers, d.layer.values = nil, nil
}

func TestGetMany_CopiesInDoubtAreAskedAboutByTheirHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoubting(t)
		_, _ = d.SetMany(t.Context(), lengths("a bb ccc dddd"), core.Tags("x"))
		d.lose(func() {})
		got, err := d.GetMany(t.Context(), strings.Fields("a bb ccc dddd"))
		expectMany(t, got, err, "a bb ccc dddd")
		d.layer.expectReads(t, "a bb ccc dddd", "")
		got, err = d.GetMany(t.Context(), strings.Fields("a bb ccc dddd"))
		expectMany(t, got, err, "a bb ccc dddd")
		d.layer.expectReads(t, "", "")
	})
}

func TestGetMany_OnlyWhatHasChangedIsReadWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoubting(t)
		_, _ = d.SetMany(t.Context(), map[string]int{"a": 1, "bb": 0, "ccc": 3, "dddd": 4})
		_, _ = d.other.SetMany(t.Context(), lengths("eeeee ffffff"))
		d.lose(func() {
			_, _ = d.other.Set(t.Context(), "bb", 2)
			_, _ = d.other.Remove(t.Context(), "ccc")
		})
		got, err := d.GetMany(t.Context(), strings.Fields("a bb ccc dddd eeeee ffffff"))
		expectMany(t, got, err, "a bb dddd eeeee ffffff")
		d.layer.mu.Lock()
		if n := len(d.layer.values); n == 2 && d.layer.values[0] == "bb ccc" { // either may be first
			d.layer.values[0], d.layer.values[1] = d.layer.values[1], d.layer.values[0]
		}
		d.layer.mu.Unlock()
		d.layer.expectReads(t, "a bb ccc dddd", "eeeee ffffff | bb ccc")
	})
}

func TestGetOrSetMany_WhatWasRemovedIsLoaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoubting(t)
		_, _ = d.SetMany(t.Context(), map[string]int{"a": 1, "bb": 0, "ccc": 3})
		d.lose(func() { _, _ = d.other.Remove(t.Context(), "bb") })
		f := &M{}
		got, err := d.GetOrSetMany(t.Context(), strings.Fields("a bb ccc"), f.load)
		expectMany(t, got, err, "a bb ccc")
		expectAsked(t, f, "bb")
		if v, _, err := d.other.Get(t.Context(), "bb"); v != 2 || err != nil {
			t.Errorf("the other node gets %d, %v", v, err)
		}
	})
}

func TestGetMany_CopiesUnderAMarkThatHasChangedAreNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoubting(t)
		_, _ = d.SetMany(t.Context(), lengths("a bb"), core.Tags("x"))
		_, _ = d.SetMany(t.Context(), lengths("ccc dddd"))
		d.lose(func() { _, _ = d.other.Stack().RemoveByTag(t.Context(), "x") })
		got, err := d.GetMany(t.Context(), strings.Fields("a bb ccc dddd"))
		expectMany(t, got, err, "ccc dddd")
	})
}

// A header that cannot be read fails for its key alone, and stands for no value.
func TestGetMany_AHeaderThatTheServerFailsForFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoubting(t)
		_, _ = d.SetMany(t.Context(), lengths("a bb ccc"))
		d.lose(func() {})
		time.Sleep(time.Minute) // now it is not plausible any more that nothing has changed
		d.lose(func() {})
		bad := ":bb"
		d.layer.broken.Store(&bad)
		time.Sleep(5 * time.Second)
		got, err := d.GetMany(t.Context(), strings.Fields("a bb ccc"), core.ReturnLayerErrors(true))
		expectMany(t, got, nil, "a ccc")
		if failedKeys(t, err) != "bb" {
			t.Errorf("got %v", err)
		}
		d.layer.expectReads(t, "a bb ccc", "")
		d.layer.broken.Store(nil)
	})
}

// Without the ability, and if only a wrapper has it, whole values are read.
func TestGetMany_CopiesInDoubtAreReadWholeWithoutTheAbility(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoubting(t)
		d.layer.unsupported = true
		_, _ = d.SetMany(t.Context(), map[string]int{"a": 1, "bb": 0, "ccc": 3})
		d.lose(func() { _, _ = d.other.Set(t.Context(), "bb", 2) })
		got, err := d.GetMany(t.Context(), strings.Fields("a bb ccc"))
		expectMany(t, got, err, "a bb ccc")
		d.layer.expectReads(t, "", "a bb ccc")
	})
}
