// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

func checkOtherTypes(p *probe) error {
	n, text := 5, "text"
	for _, v := range []any{&n, new(full), &[]int{1}, &map[string]string{"a": "b"}, &[]string{text}, new(any), new([4]byte)} {
		if _, err := p.serializer.Marshal(v); err == nil {
			return fmt.Errorf("marshal %T: no error", v)
		}
		if err := p.serializer.Unmarshal([]byte("7"), v); err == nil {
			return fmt.Errorf("unmarshal into %T: no error", v)
		}
	}
	return nil
}

func checkUnsupported(p *probe) error {
	type hidden struct{ C chan int }
	for _, v := range []any{new(chan int), new(func()), &hidden{make(chan int)}, &[]func(){func() {}}, new(complex128)} {
		if _, err := p.serializer.Marshal(v); err == nil {
			return fmt.Errorf("marshal %T: no error", v)
		}
	}
	return nil
}

func checkBadTarget(p *probe) error {
	text := "text"
	data, err := p.serializer.Marshal(&text)
	if err != nil {
		return err
	}
	for _, v := range []any{nil, "text", (*string)(nil), map[string]string{}, (*full)(nil)} {
		if err := p.serializer.Unmarshal(data, v); err == nil {
			return fmt.Errorf("unmarshal into %T: no error", v)
		}
	}
	return nil
}

// panicky is a type whose author made a mistake.
type panicky struct{ s []string }

func (p panicky) MarshalText() ([]byte, error)     { return []byte(p.s[len(p.s)]), nil }
func (p *panicky) UnmarshalText(text []byte) error { p.s[len(text)] = ""; return nil }

var _ = encoding.TextMarshaler(panicky{})

// checkMethodPanics fails by the panic itself. That there is no error is right
// for a serializer that does not call these methods.
func checkMethodPanics(p *probe) error {
	list, err := p.encoded()
	if err != nil {
		return err
	}
	for _, c := range list {
		_, _ = p.serializer.Marshal(&panicky{})
		_ = p.serializer.Unmarshal(c.data, &panicky{})
		_, _ = p.serializer.Marshal(&[]any{1, panicky{}})
		if err := p.again(c); err != nil {
			return fmt.Errorf("after a panic: %w", err)
		}
	}
	return nil
}

func checkWrongType(p *probe) error {
	cases := []struct{ from, to any }{
		{ptr("text"), new(int)}, {ptr("text"), new(full)}, {ptr("text"), new([]string)}, {ptr("text"), new(map[string]int)},
		{&full{}, new(string)}, {&full{}, new([]int)}, {&full{}, new(bool)}, {&[]string{"a"}, new(map[string]string)},
		{&[]string{"a"}, new([]int)}, {&map[string]string{"a": "b"}, new([]string)}, {&map[string]string{"a": "b"}, new(map[string]int)},
		{ptr(true), new(string)}, {ptr(true), new(int)}, {ptr(1.5), new(int)}, {ptr(1), new(bool)}, {ptr(1), new(string)},
		{ptr(300), new(int8)}, {ptr(-129), new(int8)}, {ptr(-1), new(uint)}, {ptr(-1), new(uint64)}, {ptr(256), new(uint8)},
		{ptr(uint64(1 << 63)), new(int64)}, {ptr(int64(1 << 31)), new(int32)}, {ptr(70_000), new(uint16)},
		{&[]int{1, 2, 300}, new([]int8)}, {&map[string]int{"a": -1}, new(map[string]uint32)}, {&map[int]bool{300: true}, new(map[int8]bool)},
		{&struct{ Small int }{200}, new(full)}, {&[]int{1, 2, 3, 4}, new([2]string)},
	}
	for _, c := range cases {
		data, err := p.serializer.Marshal(c.from)
		if err != nil {
			return fmt.Errorf("marshal %T: %w", c.from, err)
		}
		if err := p.serializer.Unmarshal(data, c.to); err == nil {
			return fmt.Errorf("%T was decoded into %T without an error", c.from, c.to)
		}
	}
	return nil
}

func ptr[T any](v T) *T { return &v }

const (
	secretText   = "hunter2hunter2"
	secretNumber = 918273645
)

func checkQuiet(p *probe) error {
	var failures []error
	note := func(err error) { failures = append(failures, err) }
	text, number := secretText, secretNumber
	_, err := p.serializer.Marshal(&struct {
		S string
		C chan int
	}{S: secretText})
	note(err)
	_, err = p.serializer.Marshal(&map[string]any{secretText: func() {}})
	note(err)
	for _, from := range []any{&text, &number, &[]string{text}, &map[string]int{text: number}, &full{Text: text, Int: number}} {
		data, err := p.serializer.Marshal(from)
		note(err)
		if err != nil {
			continue
		}
		for _, to := range []any{new(int8), new(bool), new(time.Time), new([]netip.Addr), new(netip.Addr), new(map[string]int8), new(map[int]netip.Prefix), new(full), new([]bool)} {
			note(p.serializer.Unmarshal(data, to))
		}
		for end := range data {
			note(p.serializer.Unmarshal(data[:end], new(full)))
		}
	}
	for _, err := range failures {
		if err != nil && (strings.Contains(err.Error(), secretText) || strings.Contains(err.Error(), fmt.Sprint(secretNumber))) {
			return fmt.Errorf("an error quotes the value: %w", err)
		}
	}
	return nil
}

func checkAbilities(p *probe) error {
	declared := p.h.Features
	if declared.Append != (p.appender != nil) {
		return fmt.Errorf("feature Append declared: %v, implemented: %v", declared.Append, p.appender != nil)
	}
	if declared.BytesOnly && declared.Time {
		return errors.New("feature Time declared together with BytesOnly")
	}
	if !declared.Time && p.roundTrips(timeSamples()) == nil {
		return errors.New("feature Time not declared, but times keep their instants")
	}
	return nil
}
