// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/serializertest"
)

// mutant is a serializer with one fault, and the law that catches it.
type mutant struct {
	law      string
	fault    string
	features serializertest.Features
	make     func() core.Serializer
}

// marshaling returns the reference with its Marshal, and what is made of it,
// changed.
func marshaling(change func(v any, data []byte, err error) ([]byte, error)) func() core.Serializer {
	return func() core.Serializer {
		return withAppend(serializer{
			func(v any) ([]byte, error) {
				data, err := referenceMarshal(v)
				return change(v, data, err)
			},
			referenceUnmarshal,
		})
	}
}

// unmarshaling returns the reference with its Unmarshal changed.
func unmarshaling(unmarshal func(data []byte, v any) error) func() core.Serializer {
	return func() core.Serializer { return withAppend(serializer{referenceMarshal, unmarshal}) }
}

func appendingBy(change func(dst []byte, v any) ([]byte, error)) func() core.Serializer {
	return func() core.Serializer {
		r := reference()
		r.append = change
		return r
	}
}

// TestLaws_EachIsProvedByAMutant: a law catches its mutants, and no other law
// does.
func TestLaws_EachIsProvedByAMutant(t *testing.T) {
	proved := map[string]bool{}
	for _, m := range mutants() {
		proved[m.law] = true
		t.Run(m.law+"/"+m.fault, func(t *testing.T) { checkMutant(t, m) })
	}
	for _, law := range serializertest.Laws() {
		if !proved[law.Name] {
			t.Errorf("law %s has no mutant", law.Name)
		}
	}
}

func checkMutant(t *testing.T, m mutant) {
	h := serializertest.Harness{New: func(testing.TB) core.Serializer { return m.make() }, Features: m.features}
	for _, law := range serializertest.Laws() {
		err := serializertest.Check(t, law, h)
		switch caught := err != nil && !errors.Is(err, serializertest.ErrNotApplicable); {
		case caught && law.Name != m.law:
			t.Errorf("law %s caught it too: %.500s", law.Name, err)
		case !caught && law.Name == m.law:
			t.Error("the law did not catch it")
		}
	}
}

func TestReferences_KeepAllLaws(t *testing.T) {
	t.Run("structured", func(t *testing.T) {
		serializertest.Run(t, serializertest.Harness{New: func(testing.TB) core.Serializer { return reference() }, Features: all})
	})
	t.Run("bytes only", func(t *testing.T) {
		serializertest.Run(t, serializertest.Harness{New: func(testing.TB) core.Serializer { return bytesOnly() }, Features: raw})
	})
}

var (
	all = serializertest.Features{Append: true, Time: true}
	raw = serializertest.Features{Append: true, BytesOnly: true}
)

func mutants() []mutant {
	list := append(valueMutants(), byteMutants()...)
	return append(append(list, hostileMutants()...), memoryMutants()...)
}

func valueMutants() []mutant {
	return []mutant{
		{"RoundTrip", "loses the sign of numbers", all, marshaling(func(_ any, data []byte, err error) ([]byte, error) {
			return bytes.ReplaceAll(data, []byte(":-5"), []byte(":5")), err
		})},
		{"NilAndEmpty", "makes nil slices empty", all, marshaling(func(v any, data []byte, err error) ([]byte, error) {
			if s := reflect.ValueOf(v).Elem(); s.Kind() == reflect.Slice && s.IsNil() && s.Type().Elem().Kind() == reflect.Int {
				return []byte("[]"), err
			}
			return data, err
		})},
		{"Large", "cuts at a megabyte", all, marshaling(func(v any, data []byte, err error) ([]byte, error) {
			if s, ok := v.(*string); ok && len(data) > 900_000 && len(data) < 1<<20 {
				return json.Marshal((*s)[:900_000])
			}
			return data, err
		})},
		{"Time", "keeps microseconds only", all, marshaling(func(_ any, data []byte, err error) ([]byte, error) {
			return bytes.ReplaceAll(data, []byte("999999999Z"), []byte("999999Z")), err
		})},
		{"Unsupported", "encodes a function as null", all, marshaling(func(v any, data []byte, err error) ([]byte, error) {
			if _, ok := v.(*func()); ok {
				return []byte("null"), nil
			}
			return data, err
		})},
		{"BadTarget", "ignores a nil target", all, unmarshaling(func(data []byte, v any) error {
			if v == nil {
				return nil
			}
			return referenceUnmarshal(data, v)
		})},
		{"MethodPanics", "lets panics through", all, func() core.Serializer {
			return withAppend(serializer{
				func(v any) ([]byte, error) {
					data, err := json.Marshal(v)
					if err != nil || !withinLimits(data) {
						return nil, errReference
					}
					return data, nil
				}, referenceUnmarshal,
			})
		}},
		{"WrongType", "cuts integers", all, unmarshaling(func(data []byte, v any) error {
			small, ok := v.(*int8)
			var n int
			if ok && referenceUnmarshal(data, &n) == nil {
				*small = int8(n)
				return nil
			}
			return referenceUnmarshal(data, v)
		})},
		{"Quiet", "quotes the number that does not fit", all, unmarshaling(func(data []byte, v any) error {
			if small, ok := v.(*int8); ok && small != nil && len(data) < 1000 {
				return json.Unmarshal(data, small)
			}
			return referenceUnmarshal(data, v)
		})},
		{"Abilities", "appends without saying so", serializertest.Features{Time: true}, func() core.Serializer { return reference() }},
		{"Abilities", "keeps times without saying so", serializertest.Features{Append: true}, func() core.Serializer { return reference() }},
		{"Abilities", "says that it appends", all, func() core.Serializer { return reference().serializer }},
	}
}

func byteMutants() []mutant {
	return []mutant{
		{"Bytes", "ends strings at a zero", all, marshaling(func(v any, data []byte, err error) ([]byte, error) {
			if s, ok := v.(*string); ok && strings.Contains(*s, "\x00") {
				return json.Marshal((*s)[:strings.Index(*s, "\x00")])
			}
			return data, err
		})},
		{"Bytes", "trims zeros", raw, func() core.Serializer {
			r := bytesOnly().serializer
			inner := r.marshal
			r.marshal = func(v any) ([]byte, error) {
				data, err := inner(v)
				return bytes.TrimRight(data, "\x00"), err
			}
			return withAppend(r)
		}},
		{"OtherTypes", "stores numbers as text", raw, func() core.Serializer {
			r := bytesOnly().serializer
			inner := r.marshal
			r.marshal = func(v any) ([]byte, error) {
				if n, ok := v.(*int); ok {
					return fmt.Append(nil, *n), nil
				}
				return inner(v)
			}
			return withAppend(r)
		}},
	}
}

func hostileMutants() []mutant {
	return []mutant{
		{"Truncated", "takes nothing for the zero value", all, unmarshaling(func(data []byte, v any) error {
			if len(data) == 0 {
				return nil
			}
			return referenceUnmarshal(data, v)
		})},
		{"Trailing", "reads the first value only", all, unmarshaling(func(data []byte, v any) error {
			var first json.RawMessage
			if json.NewDecoder(bytes.NewReader(data)).Decode(&first) == nil {
				data = first
			}
			return referenceUnmarshal(data, v)
		})},
		{"Damaged", "trusts the first byte", all, unmarshaling(func(data []byte, v any) error {
			if len(data) > 0 && data[0] == '{'^0x80 {
				panic("unknown format")
			}
			return referenceUnmarshal(data, v)
		})},
		{"BoundedMemory", "makes room for what the length promises", all, unmarshaling(func(data []byte, v any) error {
			if len(data) == 5 && data[0] == 0xdd {
				room := make([]byte, min(binary.BigEndian.Uint32(data[1:]), 64<<20))
				runtime.KeepAlive(room)
			}
			return referenceUnmarshal(data, v)
		})},
		{"Symmetric", "writes more than it reads", all, func() core.Serializer {
			return withAppend(serializer{
				func(v any) (data []byte, err error) {
					defer recoverTo(&err)
					if data, err = json.Marshal(v); err != nil {
						return nil, errReference
					}
					return data, nil
				}, referenceUnmarshal,
			})
		}},
	}
}

func memoryMutants() []mutant {
	return []mutant{
		{"CopiesIn", "decodes bytes in place", raw, func() core.Serializer {
			r := bytesOnly().serializer
			inner := r.unmarshal
			r.unmarshal = func(data []byte, v any) error {
				if p, ok := v.(*[]byte); ok && p != nil {
					*p = data
					return nil
				}
				return inner(data, v)
			}
			return withAppend(r)
		}},
		{"CopiesOut", "returns the value's own bytes", raw, func() core.Serializer {
			r := bytesOnly().serializer
			inner := r.marshal
			r.marshal = func(v any) ([]byte, error) {
				if p, ok := v.(*[]byte); ok && p != nil {
					return *p, nil
				}
				return inner(v)
			}
			return withAppend(r)
		}},
		{"NotReused", "keeps a buffer for large values", all, reusing},
		{"Concurrent", "shares its last result", all, sharing},
		{"Append", "overwrites a long slice", all, appendingBy(func(dst []byte, v any) ([]byte, error) {
			data, err := referenceMarshal(v)
			if len(dst) > 1000 {
				return append(dst[:0], data...), err
			}
			return append(dst, data...), err
		})},
		{"AppendInPlace", "always makes a new slice", all, appendingBy(func(dst []byte, v any) ([]byte, error) {
			data, err := referenceMarshal(v)
			return append(bytes.Clone(dst), data...), err
		})},
	}
}

// reusing writes into a buffer that it has returned, once, so that goroutines do
// not race for it.
func reusing() core.Serializer {
	var (
		buffers sync.Map
		once    sync.Once
	)
	s := serializer{unmarshal: referenceUnmarshal}
	s.marshal = func(v any) ([]byte, error) {
		data, err := referenceMarshal(v)
		if _, ok := v.(*[]string); !ok || err != nil {
			return data, err
		}
		kept, loaded := buffers.LoadOrStore("texts", data)
		if loaded {
			once.Do(func() { copy(kept.([]byte), "[\"changed\"]") })
		}
		return data, nil
	}
	return withAppend(s)
}

// sharing gives a caller what another goroutine has encoded in between.
func sharing() core.Serializer {
	var (
		mu   sync.Mutex
		last []byte
	)
	return withAppend(serializer{
		func(v any) ([]byte, error) {
			data, err := referenceMarshal(v)
			mu.Lock()
			last = data
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			defer mu.Unlock()
			return bytes.Clone(last), err
		},
		referenceUnmarshal,
	})
}
