// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fusioncache-go/fusioncache/core"
)

func checkAbilities(p *probe) error {
	_, isBytes := core.As[core.ByteMemory](p.layer)
	_, isClearer := core.As[core.Clearer](p.layer)
	_, isLener := core.As[core.Lener](p.layer)
	_, isTeller := core.As[core.EvictionTeller](p.layer)
	return errors.Join(
		ability("core.ByteMemory", isBytes, "Bytes", p.h.Features.Bytes),
		ability("core.Clearer", isClearer, "Clear", p.h.Features.Clear),
		ability("core.Lener", isLener, "Len", p.h.Features.Len),
		ability("core.EvictionTeller", isTeller, "Evictions", p.h.Features.Evictions),
	)
}

func ability(name string, has bool, feature string, declared bool) error {
	switch {
	case has && !declared:
		return fmt.Errorf("the layer implements %s and does not declare it: set Features.%s", name, feature)
	case declared && !has:
		return fmt.Errorf("the layer declares Features.%s and does not implement %s", feature, name)
	}
	return nil
}

func checkAppendEntry(p *probe) error {
	m, err := p.byteMemory()
	if err != nil {
		return err
	}
	entries := []*core.Entry{
		p.entry(1), core.Encoded([]byte{}, core.Meta{Stale: hour, Dead: hour}),
		core.Encoded(bytes.Repeat([]byte("x"), 1500), meta(2)),
		core.Encoded([]byte("v"), core.Meta{Stale: hour, Dead: hour, Extra: &core.Extra{Refresh: 1, ETag: "e", Size: 3}}),
	}
	var errs []error
	for i, e := range entries {
		key := fmt.Sprint("append", i)
		if err := p.setAndRead(key, e); err != nil {
			return err
		}
		form := e.AppendBinary(nil)
		for _, dst := range destinations(len(form)) {
			errs = append(errs, wantAppended(m, dst, key, form))
		}
	}
	errs = append(errs, wantNothingAppended(m, "absent"))
	p.layer.Delete("append0")
	errs = append(errs, wantNothingAppended(m, "append0"))
	return errors.Join(errs...)
}

const prefix = "what dst holds"

// destinations returns slices with and without content, with no room, a little,
// exactly enough and plenty.
func destinations(form int) [][]byte {
	dsts := [][]byte{nil, {}}
	for _, room := range []int{0, 1, form - 1, form, form + 1, form + 5000} {
		dsts = append(dsts,
			make([]byte, 0, room),
			append(make([]byte, 0, len(prefix)+room), prefix...))
	}
	return dsts
}

func wantAppended(m core.ByteMemory, dst []byte, key string, form []byte) error {
	want := append(bytes.Clone(dst), form...)
	got, ok := m.AppendEntry(dst, key)
	if !ok || !bytes.Equal(got, want) {
		return fmt.Errorf("AppendEntry(%q, %q) with room for %d: ok is %v, got %q, want %q",
			dst, key, cap(dst)-len(dst), ok, got, want)
	}
	return nil
}

func wantNothingAppended(m core.ByteMemory, key string) error {
	dst := append(make([]byte, 0, 500), prefix...)
	if got, ok := m.AppendEntry(dst, key); ok || string(dst) != prefix {
		return fmt.Errorf("AppendEntry of the absent key %q: ok is %v, got %q, dst is %q", key, ok, got, dst)
	}
	return nil
}

func checkAppendEntryOwned(p *probe) error {
	m, err := p.byteMemory()
	if err != nil {
		return err
	}
	return p.checkOwned(func(key string) []byte {
		data, _ := m.AppendEntry(nil, key)
		return data
	})
}

func checkPayloadOwned(p *probe) error {
	return p.checkOwned(func(key string) []byte {
		e, ok := p.layer.Get(key)
		if !ok {
			return nil
		}
		return e.Payload()
	})
}

// checkOwned writes into what read returns, up to its capacity. Neighbours would
// show an append that runs into shared memory.
func (p *probe) checkOwned(read func(key string) []byte) error {
	for i := range 3 {
		if err := p.set(fmt.Sprint("owned", i), p.entry(i)); err != nil {
			return err
		}
	}
	data := read("owned1")
	if data == nil {
		return errors.New("what was set is not there")
	}
	other := bytes.Clone(read("owned1"))
	for i := range data[:cap(data)] {
		data[:cap(data)][i] = '#'
	}
	var errs []error
	for i := range 3 {
		errs = append(errs, p.want(fmt.Sprint("owned", i), p.entry(i)))
	}
	if again := read("owned1"); !bytes.Equal(again, other) {
		errs = append(errs, fmt.Errorf("read %q, want %q", again, other))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("after writing into a result: %w", err)
	}
	return nil
}

func checkLiveRefused(p *probe) error {
	if err := p.set("live", p.entry(1)); err != nil {
		return err
	}
	for _, e := range []*core.Entry{core.Live("value", meta(1)), core.Live[*int](nil, meta(2))} {
		if err := p.layer.Set("live", e); err == nil {
			return errors.New("an entry that is not encoded is taken")
		}
		if err := p.wantMiss("live"); err != nil {
			return fmt.Errorf("after a refused Set: %w", err)
		}
	}
	return p.setAndRead("live", p.entry(3))
}
