// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
)

func checkAbsentKey(p *probe) error { return p.wantMiss(p.key("absent")) }

// oddValues returns values that protocols and encodings trip over.
func oddValues() [][]byte {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	return [][]byte{
		{0}, {'x'}, {0xff}, []byte("\r\n"), []byte("\x00\x00"), []byte("0"), []byte("nil"),
		[]byte("\xff\xfe\xfd not UTF-8"), every, bytes.Repeat([]byte{0}, 1000), noise(64 << 10),
	}
}

func checkRoundTrip(p *probe) error {
	for i, v := range oddValues() {
		if err := p.setAndRead(p.key(fmt.Sprint("value", i)), v); err != nil {
			return err
		}
	}
	return nil
}

func checkEmptyValue(p *probe) error {
	return errors.Join(p.setAndRead(p.key("empty"), []byte{}), p.setAndRead(p.key("nil"), nil))
}

func checkLargeValue(p *probe) error {
	return p.setAndRead(p.key("large"), noise(p.h.MaxValue))
}

func checkOversize(p *probe) error {
	key, data := p.key("oversize"), noise(2*p.h.MaxValue)
	if err := p.set(key, data, keyLife); err == nil {
		if err := p.wantValue(key, data); err != nil {
			return err
		}
	}
	return p.setAndRead(p.key("after"), []byte("works on"))
}

func checkCopiesIn(p *probe) error {
	key, data := p.key("in"), []byte("the value")
	if err := p.set(key, data, keyLife); err != nil {
		return err
	}
	copy(data, "scribble.")
	return p.wantValue(key, []byte("the value"))
}

func checkCopiesOut(p *probe) error {
	// Neighbours would show an append that runs into shared memory.
	for i := range 3 {
		if err := p.set(p.key(fmt.Sprint("out", i)), []byte("the value"), keyLife); err != nil {
			return err
		}
	}
	data, _, err := p.get(p.key("out1"))
	if err != nil {
		return err
	}
	all := data[:cap(data)]
	for i := range all {
		all[i] = '#'
	}
	for i := range 3 {
		if err := p.wantValue(p.key(fmt.Sprint("out", i)), []byte("the value")); err != nil {
			return fmt.Errorf("after writing into a result: %w", err)
		}
	}
	return nil
}

func checkOverwrite(p *probe) error {
	key := p.key("over")
	for _, v := range []string{"first", "second, and longer", "3rd"} {
		if err := p.setAndRead(key, []byte(v)); err != nil {
			return err
		}
	}
	return nil
}

func checkDeleteRemoves(p *probe) error {
	gone, kept := p.key("gone"), p.key("gone2")
	err := errors.Join(p.set(gone, []byte("a"), keyLife), p.set(kept, []byte("b"), keyLife), p.delete(gone))
	if err != nil {
		return err
	}
	return errors.Join(p.wantMiss(gone), p.wantValue(kept, []byte("b")))
}

func checkDeleteIdempotent(p *probe) error {
	key := p.key("twice")
	if err := p.delete(p.key("never")); err != nil {
		return fmt.Errorf("of a key that was never set: %w", err)
	}
	if err := errors.Join(p.set(key, []byte("a"), keyLife), p.delete(key)); err != nil {
		return err
	}
	if err := p.delete(key); err != nil {
		return fmt.Errorf("of a key that is deleted already: %w", err)
	}
	return nil
}

func checkSetAfterDelete(p *probe) error {
	key := p.key("again")
	for _, v := range []string{"first", "second"} {
		if err := errors.Join(p.setAndRead(key, []byte(v)), p.delete(key)); err != nil {
			return err
		}
	}
	return p.setAndRead(key, []byte("third"))
}

// noise returns n bytes that neither compress nor repeat, the same every time.
func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data) // never fails
	return data
}
