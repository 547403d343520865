// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/fusioncache-go/fusioncache/core"
)

// checkOddKeys stores all odd keys at once, each with an entry of its own, so
// that any two that meet in one place show.
func checkOddKeys(p *probe) error {
	odd := []string{
		"\x00", "\x00\x00", "\x01", "\x7f", "x", "X", "xx", "xxx", " ", "  ", "\n", "\r\n",
		"a", "ab", "abc", "b", "bc", "c", "ca", "a\x00", "\x00a", "a\x00b", "ab\x00", "a:b", "a/b", "a.b",
		"é", "e\u0301", "日本語", "😀", "\u200b", "\ufeff", "\ufffd",
		"\xff", "\xfe", "\xff\xff", "\xc3", "\xc3\x28", "\xed\xa0\x80", "\xff\x00", "\x80\x01",
	}
	keys := append([]string(nil), odd...)
	for _, k := range odd {
		keys = append(keys, "prefix "+k, k+" suffix")
	}
	return p.checkDistinct(keys)
}

func checkLongKeys(p *probe) error {
	stem := strings.Repeat("k", core.MaxKeyLen)
	n := len(stem) - 1
	return p.checkDistinct([]string{
		stem, stem[:n], stem[:n] + "l", stem[:n] + "\xff",
		"l" + stem[1:], stem[:n/2] + "l" + stem[n/2+1:],
		stem[:255], stem[:256], stem[:257], strings.Repeat("\xff", core.MaxKeyLen),
	})
}

func (p *probe) checkDistinct(keys []string) error {
	for i, key := range keys {
		if err := p.set(key, p.entry(i)); err != nil {
			return err
		}
	}
	var errs []error
	for i, key := range keys {
		errs = append(errs, p.wantLike(key, i))
	}
	for i := 0; i < len(keys); i += 2 {
		p.layer.Delete(keys[i])
	}
	for i, key := range keys {
		if i%2 == 0 {
			errs = append(errs, p.wantMiss(key))
		} else {
			errs = append(errs, p.wantLike(key, i))
		}
	}
	return errors.Join(errs...)
}

// wantLike expects for key what p.entry(n) once returned, going by its metadata.
func (p *probe) wantLike(key string, n int) error {
	got, ok := p.layer.Get(key)
	if !ok || !sameMeta(got.Meta(), meta(n)) {
		return fmt.Errorf("Get(%s): ok is %v, got %s, want entry %d", short(key), ok, describe(got), n)
	}
	return nil
}

func checkGetKeepsNoKey(p *probe) error {
	return p.checkLent(func(key string) { p.layer.Get(key) }, false)
}

func checkDeleteKeepsNoKey(p *probe) error {
	return p.checkLent(p.layer.Delete, true)
}

func checkAppendEntryKeepsNoKey(p *probe) error {
	m, err := p.byteMemory()
	if err != nil {
		return err
	}
	return p.checkLent(func(key string) { m.AppendEntry(nil, key) }, false)
}

// checkLent gives use keys whose bytes become another key's as soon as it has
// returned, held and absent ones in all combinations, and then looks at every
// key that the layer might mistake.
func (p *probe) checkLent(use func(key string), removes bool) error {
	held, other, absent := "lent key 1", "lent key 2", "lent key 3"
	e, o := p.entry(1), p.entry(3)
	if err := errors.Join(p.set(other, o), p.set(absent, e)); err != nil {
		return err
	}
	p.layer.Delete(absent)
	pairs := [][2]string{{held, other}, {held, absent}, {absent, other}, {absent, held}, {held, "never heard"[:len(held)]}}
	for _, pair := range pairs {
		if err := p.set(held, e); err != nil {
			return err
		}
		lend(pair[0], pair[1], use)
		err := errors.Join(p.want(other, o), p.wantMiss(absent))
		if !removes || pair[0] == absent {
			err = errors.Join(err, p.want(held, e))
		}
		err = errors.Join(err, p.setAndRead(held, e), p.want(other, o))
		p.layer.Delete(held)
		err = errors.Join(err, p.wantMiss(held), p.want(other, o))
		if err != nil {
			return fmt.Errorf("after a key %q turned into %q: %w", pair[0], pair[1], err)
		}
	}
	return nil
}

// lend calls use with a string of key's bytes, and overwrites them afterwards
// with those of next, which must be as many.
func lend(key, next string, use func(key string)) {
	buf := []byte(key)
	use(unsafe.String(&buf[0], len(buf)))
	copy(buf, next)
}
