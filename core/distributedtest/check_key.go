// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/fusioncache-go/fusioncache/core"
)

// oddKeys returns parts of keys that servers, escapes and tokenizers trip over,
// and next to each the ones that it may be mistaken for.
func oddKeys() []string {
	return []string{
		"x", "X", " ", "  ", "\t", "\n", "\r", "\r\n", "\x00", "\x00\x00", "\x01", "\x7f",
		":", "::", "a:b", "a_b", "a-b", "a.b", "a/b", "a\\b", "a b", "a+b", "a%20b", "ab",
		".", "..", ".a", "a.", "a..b", "/", "//", "../a", "*", "**", ">", "a.*", "a.>", "?", "[a]", "[b]",
		"{a}", "{a}b", "{}", "$", "$KV", "#", "~", "!", "@", "&", ";", "|", "'", "\"", "`",
		"%", "%3A", "%3a", "=3A", "=3a", "=", "==", "_3a", "%00", "=00", "\\x00", "\\u0000",
		"_", "__", "-", "--", "é", "e\u0301", "日本語", "😀", "\u200b", "\ufeff", "ß", "SS",
		"\xff", "\xfe", "\xc3", "\xc3\x28", "\xed\xa0\x80", "\ufffd",
	}
}

// checkOddKeys stores all odd keys at once, each with a value of its own, so
// that any two that meet in one slot show.
func checkOddKeys(p *probe) error {
	var keys []string
	for _, odd := range oddKeys() {
		keys = append(keys, p.id+odd, odd+p.id, p.id+odd+p.id)
	}
	return p.checkDistinct(keys)
}

func checkLongKeys(p *probe) error {
	stem := p.key(strings.Repeat("k", core.MaxKeyLen))
	n := len(stem) - 1
	return p.checkDistinct([]string{
		stem, stem[:n], stem[:n] + "l", stem[:n] + "\xff",
		"#" + stem[1:], stem[:n/2] + "l" + stem[n/2+1:], // no letter: the first is random, and l may be its other case
		p.key(strings.Repeat("\xff", core.MaxKeyLen)), p.key(strings.Repeat("日", core.MaxKeyLen/3)),
	})
}

func (p *probe) checkDistinct(keys []string) error {
	for i, key := range keys {
		if err := p.set(key, []byte(fmt.Sprint(i)), keyLife); err != nil {
			return err
		}
	}
	var errs []error
	for i, key := range keys {
		errs = append(errs, p.wantValue(key, []byte(fmt.Sprint(i))))
	}
	for i := 0; i < len(keys); i += 2 {
		errs = append(errs, p.delete(keys[i]))
	}
	for i, key := range keys {
		if i%2 == 0 {
			errs = append(errs, p.wantMiss(key))
		} else {
			errs = append(errs, p.wantValue(key, []byte(fmt.Sprint(i))))
		}
	}
	return errors.Join(errs...)
}
