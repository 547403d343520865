// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// nestings are t itself and in all that may hold it.
func nestings(t reflect.Type) []reflect.Type {
	return []reflect.Type{
		t, reflect.PointerTo(t), reflect.SliceOf(t), reflect.ArrayOf(2, t), reflect.MapOf(reflect.TypeFor[string](), t),
		reflect.MapOf(reflect.TypeFor[int](), reflect.SliceOf(reflect.PointerTo(t))),
		reflect.StructOf([]reflect.StructField{{Name: "Holder", Type: t}}),
	}
}

// secret is in every value and in no error.
const secret = "hunter2"

// fill gives v, and all in it that can be set and is meant to be kept, a value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		fillFields(v)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Map:
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(elem)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, elem)
	case reflect.Interface:
		if err := reflect.ValueOf(errors.New(secret)); err.Type().Implements(v.Type()) {
			v.Set(err)
		}
	case reflect.String:
		v.SetString(secret)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8, reflect.Uint:
		v.SetUint(7)
	default:
		v.SetInt(7)
	}
}

func fillFields(v reflect.Value) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(1_700_000_000, 5)))
		return
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		plain := f.Anonymous && f.Type.Kind() == reflect.Struct
		if f.Tag.Get("msgpack") != "-" && (f.IsExported() || plain) {
			fill(v.Field(i))
		}
	}
}

func TestShape_WhatIsAcceptedComesBack(t *testing.T) {
	s, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range recordTypes() {
		if typ == reflect.TypeFor[forced]() {
			continue // it asks for a field to be left out
		}
		for _, nested := range nestings(typ) {
			want, got := reflect.New(nested), reflect.New(nested)
			fill(want.Elem())
			data, err := s.Marshal(want.Interface())
			if err == nil {
				err = s.Unmarshal(data, got.Interface())
			}
			if err != nil || !reflect.DeepEqual(want.Interface(), got.Interface()) {
				t.Errorf("%v: %v\n%+v\n%+v", nested, err, want.Elem(), got.Elem())
			}
		}
	}
}

type (
	Model struct {
		ID        uint
		UpdatedAt time.Time
	}
	shadowedByLater struct {
		Model
		ID string
	}
	shadowedBySame struct {
		Model
		ID uint
	}
	shadowedDeeper struct {
		Base  `msgpack:",inline"`
		Inner struct{ X []shadowedBySame }
	}
	oneTag struct {
		A int    `msgpack:"x"`
		B string `msgpack:"x"`
	}
	aliasOfAnother struct {
		A int `msgpack:"x"`
		B int `msgpack:"y,alias:x"`
	}
	Title      struct{ Title string }
	ownName    struct{ Title }
	hiddenLink struct {
		*base
		X int
	}
	hiddenList struct {
		list
		X int
	}
	list     []int
	stringer struct{ S fmt.Stringer }
	timeout  interface {
		error
		Timeout() bool
	}
	wideError  struct{ E timeout }
	textOnly   struct{ N int }
	binaryOnly string
	encodeOnly struct{ N map[binaryOnly]int }
)

var _ = hiddenList{}.list // for those who look for what is not used

func (textOnly) MarshalText() ([]byte, error)     { return []byte(secret), nil }
func (binaryOnly) MarshalBinary() ([]byte, error) { return []byte(secret), nil }

func TestShape_WhatWouldNotComeBackIsRefused(t *testing.T) {
	s, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		typ  reflect.Type
		says []string
	}{
		{reflect.TypeFor[shadowedByLater](), []string{"shadowedByLater", `"ID"`, "noinline"}},
		{reflect.TypeFor[shadowedBySame](), []string{"shadowedBySame", `"ID"`}},
		{reflect.TypeFor[shadowedDeeper](), []string{"shadowedDeeper", "field Inner", "shadowedBySame", `"ID"`}},
		{reflect.TypeFor[oneTag](), []string{"oneTag", `"x"`}},
		{reflect.TypeFor[aliasOfAnother](), []string{"aliasOfAnother", `"x"`}},
		{reflect.TypeFor[ownName](), []string{"ownName", `"Title"`}},
		{reflect.TypeFor[hiddenLink](), []string{"hiddenLink", "field base"}},
		{reflect.TypeFor[hiddenList](), []string{"hiddenList", "field list"}},
		{reflect.TypeFor[stringer](), []string{"stringer", "field S", "fmt.Stringer"}},
		{reflect.TypeFor[wideError](), []string{"wideError", "field E", "timeout"}},
		{reflect.TypeFor[textOnly](), []string{"textOnly"}},
		{reflect.TypeFor[encodeOnly](), []string{"encodeOnly", "field N", "binaryOnly"}},
	} {
		for _, nested := range nestings(c.typ) {
			v := reflect.New(nested)
			fill(v.Elem())
			_, err := s.Marshal(v.Interface())
			for _, part := range c.says {
				if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), secret) {
					t.Errorf("%v: got %v, want %q in it", nested, err, part)
				}
			}
		}
	}
}
