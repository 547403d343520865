// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//lint:file-ignore U1000 the fields are for reflection

package msgpackser

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

type plainFields struct {
	A      int
	B      string `msgpack:"bee"`
	C      bool   `msgpack:"-"`
	D      []byte `msgpack:"d"`
	E      int8   `json:"jay"`
	F      int8   `msgpack:",alias:eff" json:"ignored"`
	G      int8   `msgpack:"g, alias: gee"`
	hidden int
}

type Base struct {
	ID   int
	Name string `msgpack:"n"`
}

type Deeper struct {
	Base
	Level int
}

type WithMethods struct{ N int }

func (w WithMethods) MarshalText() ([]byte, error) { return fmt.Append(nil, w.N), nil }

func (w *WithMethods) UnmarshalText(text []byte) error {
	_, err := fmt.Sscan(string(text), &w.N)
	return err
}

type (
	inlined        struct{ Base }
	inlinedPointer struct {
		X int
		*Base
		Y int
	}
	inlinedTwice struct {
		Deeper
		Z int
	}
	notInlined struct {
		Base `msgpack:"base,noinline"`
		Z    int
	}
	shadowed struct {
		ID string
		Base
	}
	forced struct {
		ID   string
		Base `msgpack:",inline"`
	}
	renamed struct {
		Base `msgpack:"b"`
	}
	embeddedMethods struct {
		A           int
		WithMethods `msgpack:"w"`
		NoMethods
	}
	NoMethods struct{ MarshalText, UnmarshalText int }
	asArray   struct {
		_msgpack struct{} `msgpack:",as_array"`
		A, B     int
	}
	base           struct{ ID int }
	embeddedHidden struct {
		base
		A int
	}
	Other     struct{ ID, Z int }
	ambiguous struct {
		Base
		Other
	}
	errorFields struct {
		Err  error
		Errs map[string][]error
	}
)

func recordTypes() []reflect.Type {
	return []reflect.Type{
		reflect.TypeFor[plainFields](), reflect.TypeFor[inlined](), reflect.TypeFor[inlinedPointer](),
		reflect.TypeFor[inlinedTwice](), reflect.TypeFor[notInlined](), reflect.TypeFor[shadowed](),
		reflect.TypeFor[forced](), reflect.TypeFor[renamed](), reflect.TypeFor[embeddedMethods](), reflect.TypeFor[asArray](),
		reflect.TypeFor[embeddedHidden](), reflect.TypeFor[ambiguous](), reflect.TypeFor[errorFields](),
	}
}

// TestShape_FieldsAreTheVendors offers the vendor every name that could be meant,
// and compares which ones it knows; then it compares the order of the fields.
func TestShape_FieldsAreTheVendors(t *testing.T) {
	names := []string{
		"A", "B", "C", "D", "E", "F", "G", "N", "X", "Y", "Z", "ID", "Name", "Base", "Deeper", "Level", "list", "hidden",
		"bee", "d", "g", "n", "b", "w", "base", "jay", "ignored", "eff", "gee", "alias", "inline", "_msgpack", "-", "",
		"WithMethods", "NoMethods", "MarshalText", "UnmarshalText", "Other", "Err", "Errs",
	}
	for _, tag := range []string{"", "json"} {
		for _, typ := range recordTypes() {
			s, err := newShape(typ, tag)
			if err != nil || s.kind != kindRecord {
				t.Fatalf("%v: kind %v, %v", typ, s.kind, err)
			}
			for _, name := range names {
				if _, known := s.names[name]; known != vendorKnows(t, typ, tag, name) {
					t.Errorf("%v with tag %q: name %q is known: %v, to the vendor: %v", typ, tag, name, known, !known)
				}
			}
			if got, want := order(s), vendorOrder(t, typ, tag); !slices.Equal(got, want) {
				t.Errorf("%v with tag %q: fields %q, the vendor's %q", typ, tag, got, want)
			}
		}
	}
}

// vendorKnows reports whether the vendor has a field of this name in typ.
func vendorKnows(t *testing.T, typ reflect.Type, tag, name string) (known bool) {
	t.Helper()
	data, err := msgpack.Marshal(map[string]any{name: nil})
	if err != nil {
		t.Fatal(err)
	}
	dec := msgpack.NewDecoder(bytes.NewReader(data))
	dec.SetCustomStructTag(tag)
	dec.DisallowUnknownFields(true)
	defer func() { known = known || recover() != nil }() // it cannot set what is not exported
	err = dec.Decode(reflect.New(typ).Interface())
	if err != nil && !strings.Contains(err.Error(), "unknown field") {
		t.Fatalf("%v: name %q: %v", typ, name, err)
	}
	return err == nil
}

func order(s *shape) []string {
	var names []string
	for _, f := range s.order {
		names = append(names, f.name)
	}
	return names
}

// vendorOrder returns the names in the order in which the vendor encodes them.
func vendorOrder(t *testing.T, typ reflect.Type, tag string) []string {
	t.Helper()
	var out bytes.Buffer
	enc := msgpack.NewEncoder(&out)
	enc.SetCustomStructTag(tag)
	v := reflect.New(typ)
	if f := v.Elem().FieldByName("Base"); f.IsValid() && f.Kind() == reflect.Pointer {
		f.Set(reflect.New(f.Type().Elem()))
	}
	if err := enc.Encode(v.Interface()); err != nil {
		t.Fatal(err)
	}
	dec := msgpack.NewDecoder(&out)
	n, err := dec.DecodeMapLen()
	if err != nil {
		return []string{"A", "B"} // an array
	}
	var names []string
	for range n {
		name, err := dec.DecodeString()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
		if err := dec.Skip(); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

type selfEmbedding struct {
	A int
	*selfEmbedding
}

type (
	ring1 struct{ *ring2 }
	ring2 struct{ *ring1 }
	ptr   *ptr
)

// TestShape_RefusesWhatTheVendorCannotSurvive names types on which the vendor
// overflows the stack, or whose bytes would be refused.
func TestShape_RefusesWhatTheVendorCannotSurvive(t *testing.T) {
	types := []reflect.Type{
		reflect.TypeFor[selfEmbedding](), reflect.TypeFor[[]ring1](), reflect.TypeFor[ptr](), reflect.TypeFor[map[string]**ptr](),
		reflect.TypeFor[struct {
			S string `msgpack:",intern"`
		}](),
		reflect.TypeFor[struct {
			S string `msgpack:"'quoted'"`
		}](),
	}
	for _, typ := range types {
		if _, err := newShape(typ, ""); err == nil {
			t.Errorf("%v: no error", typ)
		}
	}
}

type (
	outer struct {
		E
		Other int
	}
	E     struct{ Users []outer }
	Tree  struct{ Kids map[string]Tree }
	Slice []Slice
)

func TestShape_AcceptsRecursion(t *testing.T) {
	for _, typ := range []reflect.Type{reflect.TypeFor[outer](), reflect.TypeFor[Tree](), reflect.TypeFor[*Slice](), reflect.TypeFor[***time.Time]()} {
		if _, err := newShape(typ, ""); err != nil {
			t.Error(err)
		}
	}
}
