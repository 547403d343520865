// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/fusioncache-go/fusioncache/core"
)

func checkAbsentKey(p *probe) error {
	return errors.Join(p.wantMiss("absent"), p.set("other", p.entry(1)), p.wantMiss("absent"), p.wantMiss("othe"))
}

func checkKeepsMeta(p *probe) error {
	many := meta(7)
	many.Stamp.Tags, many.Stamp.Generations = nil, nil
	for i := range 16 {
		many.Stamp.Tags = append(many.Stamp.Tags, strings.Repeat(string(rune('a'+i)), 4*i))
		many.Stamp.Generations = append(many.Stamp.Generations, core.Generation{Hard: uint64(i), Soft: math.MaxUint64})
	}
	metas := []core.Meta{
		meta(1), meta(2), many,
		{Stale: hour, Dead: hour},
		{Stale: hour, Dead: 2 * hour, Cycles: math.MaxUint32},
		{Stale: hour, Dead: core.Never, Born: -hour, Checked: 1},
		{Stale: core.Never, Dead: core.Never, Born: hour},
		{Stale: hour, Dead: core.Never, Retry: core.Never},
		{Stale: math.MinInt64, Dead: hour, Retry: 1},
		{Stale: 1, Dead: 1<<62 + 1, Version: core.Version{Time: -1, Tick: math.MaxUint32, Op: math.MaxUint64}},
	}
	metas = append(metas, extras()...)
	for i, m := range metas {
		if err := p.set(fmt.Sprint("meta", i), p.entry(i).With(m)); err != nil {
			return err
		}
	}
	var errs []error
	for i, m := range metas {
		key := fmt.Sprint("meta", i)
		got, ok := p.layer.Get(key)
		if !ok || !sameMeta(got.Meta(), m) {
			errs = append(errs, fmt.Errorf("Get(%q): ok is %v, want the metadata %+v, got %+v", key, ok, m, got))
		} else if want := p.entry(i).With(m).Missing(); got.Missing() != want && !p.h.Features.Bytes {
			errs = append(errs, fmt.Errorf("Get(%q): a negative entry has the error %v, want %v", key, got.Missing(), want))
		}
	}
	return errors.Join(errs...)
}

// extras returns metadata with all that Extra may hold, together and alone.
func extras() (list []core.Meta) {
	for _, x := range []*core.Extra{
		{
			Idle: hour.Sub(0), Refresh: hour, Chance: true, Revalidate: 3 * hour, Rescue: 4 * hour, Took: 5,
			ETag: strings.Repeat("e", core.MaxETagLen), LastModified: 6, Size: math.MaxUint32, Priority: core.LowPriority,
		},
		{Idle: hour.Sub(1)}, {Refresh: 1}, {Refresh: 1, Chance: true}, {Revalidate: 2 * hour}, {Rescue: 2 * hour}, {Took: 1},
		{ETag: "e"}, {LastModified: -1}, {Size: 2}, {Priority: core.LowPriority}, {Priority: core.HighPriority},
		{Missing: fmt.Errorf("no such thing: %w", core.ErrNotFound)},
	} {
		m := core.Meta{Stale: hour, Dead: hour, Extra: x}
		x.Use(hour / 2)
		list = append(list, m)
	}
	return list
}

func checkKeepsValue(p *probe) error {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	entries := []*core.Entry{
		core.Encoded([]byte{0}, meta(1)), core.Encoded([]byte("\xff\xfe not UTF-8"), meta(2)),
		core.Encoded(every, meta(3)), core.Encoded(bytes.Repeat([]byte{0}, 2000), meta(4)),
		core.Encoded([]byte{}, meta(5)),
	}
	if !p.h.Features.Bytes {
		entries = append(entries,
			core.Live("text", meta(6)), core.Live[any](nil, meta(7)), core.Live[*int](nil, meta(8)),
			core.Live(struct{ A, B []int }{A: []int{1}}, meta(9)), core.Live(struct{}{}, meta(10)))
	}
	for i, e := range entries {
		if err := p.setAndRead(fmt.Sprint("value", i), e); err != nil {
			return err
		}
	}
	var errs []error
	for i, e := range entries {
		errs = append(errs, p.want(fmt.Sprint("value", i), e))
	}
	return errors.Join(errs...)
}

// checkOverwrite makes the value longer and shorter by a little and by much.
func checkOverwrite(p *probe) error {
	if err := p.set("neighbour", p.entry(1)); err != nil {
		return err
	}
	for i, size := range []int{100, 100, 101, 2000, 1500, 30, 29, 60, 1, 2000} {
		e := core.Encoded(bytes.Repeat([]byte{byte('a' + i)}, size), meta(i))
		if err := p.setAndRead("over", e); err != nil {
			return fmt.Errorf("write %d: %w", i, err)
		}
		if err := p.setAndRead("live", p.entry(i)); err != nil {
			return fmt.Errorf("write %d: %w", i, err)
		}
	}
	return p.want("neighbour", p.entry(1))
}

func checkDeleteRemoves(p *probe) error {
	gone, kept := p.entry(1), p.entry(3)
	if err := errors.Join(p.set("gone", gone), p.set("gone2", kept), p.set("gon", kept)); err != nil {
		return err
	}
	p.layer.Delete("gone")
	return errors.Join(p.wantMiss("gone"), p.want("gone2", kept), p.want("gon", kept))
}

func checkDeleteIdempotent(p *probe) error {
	kept := p.entry(1)
	if err := errors.Join(p.set("kept", kept), p.set("twice", p.entry(3))); err != nil {
		return err
	}
	p.layer.Delete("never")
	p.layer.Delete("twice")
	p.layer.Delete("twice")
	return errors.Join(p.wantMiss("never"), p.wantMiss("twice"), p.want("kept", kept))
}

func checkSetAfterDelete(p *probe) error {
	for i := range 5 {
		if err := p.setAndRead("again", p.entry(i)); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
		p.layer.Delete("again")
	}
	return p.setAndRead("again", p.entry(5))
}

// checkEndedLife uses instants that are past for any clock that a layer may
// have, and some that are absurd.
func checkEndedLife(p *probe) error {
	kept := []*core.Entry{p.entry(1), p.entry(2)}
	if err := errors.Join(p.set("before", kept[0]), p.set("ended4", kept[1])); err != nil {
		return err
	}
	ended := []core.Meta{{}, {Stale: 1, Dead: 1}, {Stale: -hour, Dead: -1}, {Stale: math.MinInt64, Dead: math.MinInt64}}
	entries := map[string]*core.Entry{}
	for i, m := range ended {
		key := fmt.Sprint("ended", i)
		entries[key] = p.entry(10 + i).With(m)
		if err := p.set(key, entries[key]); err != nil {
			return err
		}
	}
	var errs []error
	for key, e := range entries {
		if _, ok := p.layer.Get(key); ok {
			errs = append(errs, p.want(key, e))
		}
	}
	errs = append(errs, p.want("before", kept[0]), p.want("ended4", kept[1]), p.setAndRead("ended0", p.entry(2)))
	return errors.Join(errs...)
}
