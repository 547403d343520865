// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"time"
)

// sample is one value to encode.
type sample struct {
	name   string
	value  func() any         // a pointer to a new copy of the value
	target func() any         // a pointer to a new zero value
	equal  func(got any) bool // whether got points to an equal value
}

// of makes a sample of the values that f returns, each a copy of its own.
func of[T any](name string, f func() T) sample {
	return sampleWith(name, f, func(a, b T) bool { return reflect.DeepEqual(a, b) })
}

func sampleWith[T any](name string, f func() T, equal func(a, b T) bool) sample {
	return sample{
		name:   name,
		value:  func() any { v := f(); return &v },
		target: func() any { return new(T) },
		equal:  func(got any) bool { return equal(*got.(*T), f()) },
	}
}

// is makes a sample of a value that may be copied by assignment.
func is[T any](name string, v T) sample { return of(name, func() T { return v }) }

type (
	blob  []byte
	label string
	level int8

	inner struct {
		ID    uint32
		Label label
		Notes map[string]string
	}
	// full has a field of each kind.
	full struct {
		Bool   bool
		Int    int
		Small  level
		Long   int64
		Uint   uint64
		Float  float64
		Text   string
		Bytes  []byte
		Blob   blob
		List   []inner
		Array  [3]int16
		Table  map[string][]int32
		Inner  inner
		Inners *inner
		Any    any
	}
	// wide is a large type that may have a short encoding.
	wide struct {
		Numbers [128]int64 `json:",omitzero" msgpack:",omitempty"`
		N       int
	}
	tree struct {
		Name     string
		Children []tree
		Next     *tree
	}
)

func newFull() full {
	return full{
		Bool: true, Int: -5, Small: -128, Long: math.MinInt64, Uint: math.MaxUint64, Float: 1.0 / 3, Text: "naïve 日本 🙂\n\x00\"",
		Bytes: []byte{0, 1, 0xfe, 0xff}, Blob: blob("blob"), List: []inner{{ID: 1}, {ID: math.MaxUint32, Label: "two"}},
		Array: [3]int16{1, -2, math.MaxInt16}, Table: map[string][]int32{"": {}, "k": {math.MinInt32, 0, math.MaxInt32}},
		Inner: inner{Label: "in", Notes: map[string]string{"a": "b", "": ""}}, Inners: &inner{ID: 7}, Any: map[string]any{"x": []any{"y", true, nil}},
	}
}

func newTree(depth int) tree {
	t := tree{Name: "leaf"}
	for range depth {
		t = tree{Name: "node", Children: []tree{{Name: "other"}, t}, Next: &tree{}}
	}
	return t
}

func byteSamples() []sample {
	every := make([]byte, 512)
	for i := range every {
		every[i] = byte(i)
	}
	return []sample{
		sampleWith("bytes", func() []byte { return bytes.Clone(every) }, bytes.Equal),
		sampleWith("no bytes", func() []byte { return []byte{} }, bytes.Equal),
		sampleWith("named bytes", func() blob { return blob("named \xff\x00") }, func(a, b blob) bool { return bytes.Equal(a, b) }),
		is("text", "plain text"),
		is("no text", ""),
		is("unicode", "grüß 日本語 🙂 \u2028 \x00 <&> \"\\"),
		is("named text", label("named")),
		is("long text", strings.Repeat("0123456789", 7000)),
	}
}

func valueSamples() []sample {
	return []sample{
		is("true", true), is("zero", 0), is("int8", int8(math.MinInt8)), is("int64", int64(math.MaxInt64)),
		is("uint64", uint64(math.MaxUint64)), is("named int", level(3)), is("float32", float32(1.5)),
		is("float64", -math.MaxFloat64), is("least float64", math.SmallestNonzeroFloat64), is("duration", 90*time.Minute),
		of("zero struct", func() full { return full{} }), of("struct", newFull),
		of("pointer", func() *full { f := newFull(); return &f }),
		of("structs", func() []full { return []full{newFull(), {}, newFull()} }),
		of("map of structs", func() map[string]full { return map[string]full{"a": newFull(), "b": {}} }),
		of("tree", func() tree { return newTree(8) }),
		of("texts", func() []string { return []string{"", "a", "日本"} }),
		of("numbers", func() []int64 { return []int64{0, 1, -1, 127, 128, -129, 65536, math.MinInt64, math.MaxInt64} }),
		of("lists of lists", func() [][][]uint16 { return [][][]uint16{{{1}, {}}, {}, {{2, 65535}}} }),
		of("map of maps", func() map[string]map[string]int { return map[string]map[string]int{"a": {"b": 1}, "c": {}} }),
		of("map by number", func() map[int64]string { return map[int64]string{-1: "a", 1 << 40: "b"} }),
		of("wide", func() wide { return wide{Numbers: [128]int64{127: 9}, N: 1} }),
		of("any", func() any { return map[string]any{"a": "b", "c": []any{true, nil, "d", map[string]any{}}} }),
	}
}

func nilSamples() []sample {
	type pointers struct {
		Int    *int
		Text   *string
		Struct *inner
	}
	zero, none := 0, ""
	return []sample{
		of("nil slice", func() []int { return nil }), of("empty slice", func() []int { return []int{} }),
		of("nil map", func() map[string]int { return nil }), of("empty map", func() map[string]int { return map[string]int{} }),
		of("nil pointer", func() *inner { return nil }), of("pointer to zero", func() *inner { return &inner{} }),
		of("nil any", func() any { return nil }),
		of("nil pointers", func() pointers { return pointers{} }),
		of("pointers to zero", func() pointers { return pointers{&zero, &none, &inner{}} }),
		of("slice of nil", func() []*int { return []*int{nil, &zero} }),
	}
}

func timeSamples() []sample {
	type times struct {
		At    time.Time
		Until *time.Time
		All   []time.Time
		By    map[string]time.Time
	}
	sameTimes := func(a, b times) bool {
		same := a.At.Equal(b.At) && a.Until.Equal(*b.Until) && len(a.All) == len(b.All) && a.By["k"].Equal(b.By["k"])
		for i := range a.All {
			same = same && a.All[i].Equal(b.All[i])
		}
		return same
	}
	instants := []time.Time{
		time.Date(2026, 1, 2, 3, 4, 5, 999_999_999, time.UTC), time.Date(2040, 6, 7, 8, 9, 10, 0, time.UTC),
		time.Date(2024, 2, 29, 0, 0, 0, 550_000_000, time.FixedZone("", 3600)), time.Unix(0, 1), time.Unix(-1, 0),
		time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Unix(1<<32, 0), {},
	}
	list := []sample{sampleWith("struct with times", func() times {
		until := instants[1]
		return times{instants[0], &until, instants, map[string]time.Time{"k": instants[2]}}
	}, sameTimes)}
	for _, at := range instants {
		same := func(a, b time.Time) bool { return a.Equal(b) && a.IsZero() == b.IsZero() }
		list = append(list, sampleWith("time "+at.String(), func() time.Time { return at }, same))
	}
	return list
}
