// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package slogplug

import (
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"
)

// maxText bounds the text of an error in a record, in bytes.
const maxText = 1024

// minBare is the length of the shortest key that is replaced where it stands
// without quotes. A shorter one would be found in numbers and words at random.
const minBare = 4

// keyNames says what is written for keys.
type keyNames struct {
	name func(key string) string // nil: the key itself
}

func newKeyNames(o Options) keyNames {
	switch {
	case o.PlainKeys:
		return keyNames{}
	case o.Key != nil:
		return keyNames{o.Key}
	}
	salt := maphash.MakeSeed()
	return keyNames{func(key string) string { return fmt.Sprintf("#%016x", maphash.String(salt, key)) }}
}

// of returns what is written for key.
func (k keyNames) of(key string) string {
	if k.name == nil {
		return key
	}
	return k.name(key)
}

// clean replaces key, also without the name of the view in front of it, in the
// text of an error, and shortens the text.
func (k keyNames) clean(text, key string) string {
	if k.name != nil && key != "" {
		text = replaceKey(text, key, k.name(key))
	}
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "..."
	}
	return text
}

// replaceKey replaces each quoted text that holds the key, whatever a layer has
// put in front of it, and then the bare key.
func replaceKey(text, key, name string) string {
	_, own, ok := strings.Cut(key, ":")
	if !ok || own == "" {
		own = key
	}
	var b strings.Builder
	for text != "" {
		at := strings.IndexByte(text, '"')
		if at < 0 {
			break
		}
		b.WriteString(replaceBare(text[:at], key, own, name))
		text = text[at:]
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			quoted = text[:1]
		}
		text = text[len(quoted):]
		if content, err := strconv.Unquote(quoted); err == nil && (content == own || strings.Contains(content, key)) {
			quoted = strconv.Quote(name)
		} else {
			quoted = replaceBare(quoted, key, own, name)
		}
		b.WriteString(quoted)
	}
	b.WriteString(replaceBare(text, key, own, name))
	return b.String()
}

func replaceBare(text, key, own, name string) string {
	for _, k := range []string{key, own} {
		if len(k) >= minBare {
			text = strings.ReplaceAll(text, k, name)
		}
	}
	return text
}
