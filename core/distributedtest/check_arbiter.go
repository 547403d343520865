// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// arbitrated makes a check of one that needs an arbiter. Law Abilities reports
// that there is none.
func arbitrated(check func(p *probe, a core.Arbiter) error) func(p *probe) error {
	return func(p *probe) error {
		a, ok := core.As[core.Arbiter](p.layer)
		if !ok {
			return nil
		}
		return check(p, a)
	}
}

func (p *probe) arbitrate(a core.Arbiter, key string, w core.Write) (core.Ruling, error) {
	ctx, cancel := context.WithTimeout(p.ctx, opTime)
	defer cancel()
	r, err := a.Arbitrate(ctx, key, w)
	if err != nil {
		return core.Ruling{}, fmt.Errorf("arbitrate %s of %s: %w", modeName(w.Mode), short(key), err)
	}
	return r, nil
}

func (p *probe) readHeader(a core.Arbiter, key string) (header []byte, ok bool, err error) {
	ctx, cancel := context.WithTimeout(p.ctx, opTime)
	defer cancel()
	if header, ok, err = a.ReadHeader(ctx, key); err != nil {
		return nil, false, fmt.Errorf("read header of %s: %w", short(key), err)
	}
	return header, ok, nil
}

// wantStored expects w to be stored, and returns the header that it got.
func (p *probe) wantStored(a core.Arbiter, key string, w core.Write) (core.Header, error) {
	r, err := p.arbitrate(a, key, w)
	if err == nil && !r.Stored {
		err = fmt.Errorf("%s of %s is refused: %+v", modeName(w.Mode), short(key), r)
	}
	return r.Header, err
}

// wantRefused expects w to be refused in favour of a place that holds header.
func (p *probe) wantRefused(a core.Arbiter, key string, w core.Write, header core.Header) error {
	r, err := p.arbitrate(a, key, w)
	if want := (core.Ruling{Header: header}); err == nil && r != want {
		err = fmt.Errorf("%s of %s: ruling %+v, want %+v", modeName(w.Mode), short(key), r, want)
	}
	return err
}

func modeName(m core.Mode) string {
	switch m {
	case core.Force:
		return "force"
	case core.Fill:
		return "fill"
	case core.Replay:
		return "replay"
	}
	return "write"
}

// baseTime is the time of all versions here that are not random.
const baseTime = 1_785_000_000_000

// writeOf is a write of body by operation op of a node. Its version orders it
// behind all of higher operations.
func writeOf(mode core.Mode, kind core.WriteKind, op uint64, body []byte) core.Write {
	h := core.Header{Version: core.Version{Time: baseTime - int64(op), Node: 0xa0 + op, Op: op}, Kind: kind}
	return core.Write{
		Mode: mode, Data: append(core.AppendHeader(nil, h), body...),
		TTL: keyLife, TombstoneTTL: keyLife,
	}
}

func head(data []byte) []byte { return data[:min(len(data), core.HeaderSize)] }

const (
	decideRounds = 100
	decideSteps  = 10
)

// checkArbiterDecides compares rulings and headers with those of the rule in
// core, over what earlier writes have left.
func checkArbiterDecides(p *probe, a core.Arbiter) error {
	random := newWrites()
	for round := range decideRounds {
		key := p.key(fmt.Sprint("decide", round))
		var place []byte
		for step := range decideSteps {
			w := random.next(place)
			want := w.Decide(place)
			got, err := p.arbitrate(a, key, w)
			if err != nil {
				return err
			}
			if got != want.Ruling {
				return fmt.Errorf("round %d, step %d: %s over %q: ruling %+v, want %+v",
					round, step, describe(w), head(place), got, want.Ruling)
			}
			if want.Store {
				place = want.Data
			}
			data, _, err := p.get(key)
			if err != nil {
				return err
			}
			if !bytes.Equal(head(data), head(place)) {
				return fmt.Errorf("round %d, step %d: %s leaves %q, want %q", round, step, describe(w), head(data), head(place))
			}
		}
	}
	return nil
}

func describe(w core.Write) string {
	return fmt.Sprintf("%s of %q, expecting %q, with a skew of %v", modeName(w.Mode), head(w.Data), w.Expect, w.Skew)
}

// writes makes writes that meet each other: few times, nodes and operations, and
// server counters near their end. They are the same every time.
type writes struct{ random *rand.Rand }

func newWrites() writes { return writes{rand.New(rand.NewPCG(1, 2))} }

func (g writes) next(place []byte) core.Write {
	r := g.random
	h := core.Header{Version: core.Version{
		Time: baseTime + r.Int64N(5), Tick: uint32(r.IntN(3)), Bump: uint32(r.IntN(2)) * (core.MaxTick - 1),
		Node: 0xa0 + r.Uint64N(3), Op: r.Uint64N(4),
	}}
	h.Kind = []core.WriteKind{core.ValueWrite, core.FillWrite, core.TombstoneWrite}[r.IntN(3)]
	w := core.Write{
		Mode: core.Mode(1 + r.IntN(3)), Data: core.AppendHeader(nil, h),
		TTL: keyLife, TombstoneTTL: keyLife, Skew: time.Duration(r.IntN(3)) * time.Millisecond,
	}
	if h.Kind != core.TombstoneWrite {
		w.Data = fmt.Append(w.Data, "body", r.IntN(100))
	}
	switch r.IntN(4) {
	case 0, 1:
		w.Expect = bytes.Clone(head(place))
	case 2:
		w.Expect = core.AppendHeader(nil, h)
	}
	return w
}

// checkArbiterBytes stores bodies in every way in which a body can get there,
// and writes into the slices that it has given away.
func checkArbiterBytes(p *probe, a core.Arbiter) error {
	for i, body := range append(oddValues(), nil, noise(p.h.MaxValue-core.HeaderSize)) {
		key := p.key(fmt.Sprint("bytes", i))
		steps := []core.Write{
			writeOf(core.Fill, core.FillWrite, 9, body),    // into an empty place
			writeOf(core.Fill, core.FillWrite, 8, body),    // with a higher version
			writeOf(core.Force, core.ValueWrite, 10, body), // with a lower one
			writeOf(core.Replay, core.ValueWrite, 1, body),
		}
		var there []byte
		for _, w := range steps {
			w.Expect = there
			header, err := p.wantStored(a, key, w)
			if err != nil {
				return err
			}
			there = core.AppendHeader(nil, header)
			want := slices.Concat(there, body)
			scribble(w.Data)
			scribble(w.Expect)
			if err := p.wantValue(key, want); err != nil {
				return fmt.Errorf("after a %s of %d bytes: %w", modeName(w.Mode), len(want), err)
			}
		}
		if err := p.delete(key); err != nil {
			return err
		}
	}
	return nil
}

func scribble(data []byte) {
	all := data[:cap(data)]
	for i := range all {
		all[i] = '#'
	}
}

// checkArbiterNotice has a notice for a server that nobody knows.
func checkArbiterNotice(p *probe, a core.Arbiter) error {
	w := writeOf(core.Force, core.ValueWrite, 1, []byte("body"))
	w.Notice = &core.Notice{Outlet: core.Outlet{Server: new(int), Channel: "channel"}, Message: []byte("message")}
	r, err := p.arbitrate(a, p.key("notice"), w)
	if err == nil && (!r.Stored || r.Told) {
		err = fmt.Errorf("force with a notice for an unknown server: ruling %+v, want it stored and not told", r)
	}
	return err
}

// checkArbiterKeys makes sure that all methods mean the same place.
func checkArbiterKeys(p *probe, a core.Arbiter) error {
	var errs []error
	for _, odd := range oddKeys() {
		key := p.id + odd + p.id
		w := writeOf(core.Force, core.ValueWrite, 1, []byte(key))
		_, err := p.wantStored(a, key, w)
		header, _, failed := p.readHeader(a, key)
		if !bytes.Equal(header, head(w.Data)) {
			err = errors.Join(err, fmt.Errorf("read header of %s = %q, want %q", short(key), header, head(w.Data)))
		}
		errs = append(errs, err, failed, p.wantValue(key, w.Data), p.delete(key))
		header, ok, failed := p.readHeader(a, key)
		if ok {
			errs = append(errs, fmt.Errorf("read header of %s = %q after its deletion, want nothing", short(key), header))
		}
		errs = append(errs, failed)
	}
	return errors.Join(errs...)
}

// foreign returns values that are nearly ours.
func foreign() [][]byte {
	ours := writeOf(core.Force, core.ValueWrite, 1, []byte("body")).Data
	edit := func(at int, b byte) []byte {
		data := bytes.Clone(ours)
		data[at] = b
		return data
	}
	return [][]byte{
		[]byte("x"), ours[:core.HeaderSize-1], noise(1000),
		edit(1, '2'), edit(5, ' '), edit(30, 'A'), edit(46, 'X'), edit(47, ' '),
	}
}

// checkArbiterHighest plants versions that nobody has by right.
func checkArbiterHighest(p *probe, a core.Arbiter) error {
	for i, tick := range []uint32{0, core.MaxTick - 1, core.MaxTick} {
		for _, mode := range []core.Mode{core.Force, core.Fill} {
			highest := core.Header{Kind: core.ValueWrite, Version: core.Version{
				Time: core.MaxTime, Tick: tick, Bump: core.MaxTick, Node: 0xff, Op: 9,
			}}
			planted := writeOf(core.Force, core.ValueWrite, 9, nil)
			planted.Data = core.AppendHeader(nil, highest)
			if err := p.overHighest(a, p.key(fmt.Sprint("highest", i, modeName(mode))), mode, planted); err != nil {
				return err
			}
		}
	}
	return nil
}

// overHighest writes a few times over what is planted.
func (p *probe) overHighest(a core.Arbiter, key string, mode core.Mode, planted core.Write) error {
	if _, err := p.wantStored(a, key, planted); err != nil {
		return err
	}
	place := planted.Data
	for op := range uint64(3) {
		w := writeOf(mode, core.ValueWrite, op+1, []byte("ours"))
		w.Expect = head(place)
		want := w.Decide(place)
		got, err := p.arbitrate(a, key, w)
		if err != nil {
			return err
		}
		if got != want.Ruling {
			return fmt.Errorf("%s: ruling %+v, want %+v", describe(w), got, want.Ruling)
		}
		place = want.Data
	}
	return p.wantValue(key, place)
}

// headless returns what is no write of ours.
func headless() [][]byte { return append(foreign(), nil, []byte{}, []byte("H1")) }

func checkArbiterHeadless(p *probe, a core.Arbiter) error {
	full := p.key("headless")
	there := writeOf(core.Force, core.ValueWrite, 1, []byte("ours"))
	if _, err := p.wantStored(a, full, there); err != nil {
		return err
	}
	for i, data := range headless() {
		empty := p.key(fmt.Sprint("headless", i))
		for _, key := range []string{full, empty} {
			w := core.Write{Mode: core.Force, Data: data, TTL: keyLife, TombstoneTTL: keyLife}
			r, err := p.arbitrate(a, key, w)
			if want := (core.Ruling{Foreign: true}); err == nil && r != want {
				err = fmt.Errorf("force of %q: ruling %+v, want %+v", data, r, want)
			}
			if err != nil {
				return err
			}
		}
		if err := errors.Join(p.wantMiss(empty), p.wantValue(full, there.Data)); err != nil {
			return err
		}
	}
	return nil
}

func checkArbiterForeign(p *probe, a core.Arbiter) error {
	for i, data := range foreign() {
		key := p.key(fmt.Sprint("foreign", i))
		if err := p.set(key, data, keyLife); err != nil {
			return err
		}
		for _, mode := range []core.Mode{core.Force, core.Fill, core.Replay} {
			for _, expect := range [][]byte{nil, head(data)} {
				w := writeOf(mode, core.ValueWrite, 1, []byte("ours"))
				w.Expect = expect
				r, err := p.arbitrate(a, key, w)
				if want := (core.Ruling{Foreign: true}); err == nil && r != want {
					err = fmt.Errorf("%s over %q: ruling %+v, want %+v", modeName(mode), data, r, want)
				}
				if err = errors.Join(err, p.wantValue(key, data)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func checkReadHeader(p *probe, a core.Arbiter) error {
	absent := func(key string) error {
		header, ok, err := p.readHeader(a, key)
		if err == nil && (ok || len(header) > 0) {
			err = fmt.Errorf("read header of %s = %q, %v, want nothing", short(key), header, ok)
		}
		return err
	}
	errs := []error{absent(p.key("never"))}
	for _, size := range []int{1, core.HeaderSize - 1, core.HeaderSize, core.HeaderSize + 1, 64 << 10} {
		key, data := p.key(fmt.Sprint("size", size)), noise(size)
		errs = append(errs, p.set(key, data, keyLife))
		for range 2 { // the result is the caller's, up to its capacity
			header, ok, err := p.readHeader(a, key)
			if err == nil && (!ok || !bytes.Equal(header, head(data))) {
				err = fmt.Errorf("read header of %s, %d bytes, = %q, %v, want %q", short(key), size, header, ok, head(data))
			}
			scribble(header)
			errs = append(errs, err, p.wantValue(key, data))
		}
		errs = append(errs, p.delete(key), absent(key))
	}
	return errors.Join(errs...)
}
