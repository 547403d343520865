// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// fillRecord finds the fields of a struct by the vendor's rules (getFields in
// its types.go), because a field that the scanner takes for unknown costs
// nothing in its eyes. TestShape_FieldsAreTheVendors compares the two.
//
// outer are the types that embed t.
func (b *shaper) fillRecord(s *shape, t reflect.Type, outer []reflect.Type) error {
	if slices.Contains(outer, t) {
		return fmt.Errorf("type %v embeds itself", t)
	}
	outer = append(outer, t)
	s.names = map[string]named{}
	s.elem = b.plain
	for i := range t.NumField() {
		if err := b.addField(s, t.Field(i), outer); err != nil {
			return fmt.Errorf("type %v: field %s: %w", t, t.Field(i).Name, err)
		}
	}
	if name, ok := s.clash(); ok {
		return fmt.Errorf("type %v: two fields have the name %q: rename one in its tag, or embed its struct with the tag option noinline", t, name)
	}
	return nil
}

func (b *shaper) addField(s *shape, f reflect.StructField, outer []reflect.Type) error {
	tag, err := parseTag(f, b.tag)
	if err != nil {
		return err
	}
	if tag.name == "-" || !f.IsExported() && !f.Anonymous {
		return nil
	}
	if !f.IsExported() && (f.Type.Kind() != reflect.Struct || hasMethods(f.Type)) {
		return errors.New("what is embedded and not exported cannot be set, unless it is a plain struct")
	}
	inner, err := b.shape(f.Type)
	if err != nil {
		return err
	}
	name := tag.name
	if name == "" {
		name = f.Name
	}
	if f.Anonymous && !tag.has("noinline") {
		inlined, err := b.inline(s, f.Type, tag.has("inline"), outer)
		if err != nil {
			return err
		}
		if inlined {
			s.names[name] = named{inner, 0}
			return nil
		}
	}
	s.add(name, inner)
	if alias, ok := tag.options["alias"]; ok {
		s.names[alias] = named{inner, len(s.order)}
	}
	return nil
}

func (s *shape) add(name string, inner *shape) {
	s.order = append(s.order, field{name, inner})
	s.names[name] = named{inner, len(s.order)}
}

// clash returns a name under which the vendor writes one field and reads another.
func (s *shape) clash() (name string, ok bool) {
	for i, f := range s.order {
		if s.names[f.name].next != i+1 {
			return f.name, true
		}
	}
	return "", false
}

// inline adds the fields of an embedded struct. Forced, it leaves out those that
// are shadowed; otherwise one that is shadowed keeps the whole struct out.
func (b *shaper) inline(s *shape, t reflect.Type, forced bool, outer []reflect.Type) (bool, error) {
	if !forced {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	if t.Kind() != reflect.Struct || !forced && hasMethods(t) {
		return false, nil
	}
	inner := &shape{}
	if err := b.fillRecord(inner, t, outer); err != nil {
		return false, err
	}
	for _, f := range inner.order {
		if _, ok := s.names[f.name]; ok && !forced {
			return false, nil
		}
	}
	for _, f := range inner.order {
		if _, ok := s.names[f.name]; !ok {
			s.add(f.name, f.shape)
		}
	}
	return true, nil
}

// tag is a parsed struct tag.
type tag struct {
	name    string
	options map[string]string
}

func (t tag) has(option string) bool {
	_, ok := t.options[option]
	return ok
}

func parseTag(f reflect.StructField, fallback string) (tag, error) {
	text := f.Tag.Get("msgpack")
	if text == "" && fallback != "" {
		text = f.Tag.Get(fallback)
	}
	if strings.ContainsAny(text, `'\(`) {
		return tag{}, errors.New("a tag with a quote, backslash or bracket is not supported")
	}
	t := tag{options: map[string]string{}}
	for i, item := range strings.Split(text, ",") {
		key, value, pair := strings.Cut(item, ":")
		key = strings.TrimSpace(key)
		if i == 0 && !pair {
			t.name = key
			continue
		}
		t.options[key] = strings.TrimSpace(value)
	}
	if t.has("intern") {
		return tag{}, errors.New("the tag option intern is not supported")
	}
	return t, nil
}

func implements[I any](t reflect.Type) bool {
	i := reflect.TypeFor[I]()
	return t.Implements(i) || t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(i)
}

// hasDecoder reports whether t decodes itself.
func hasDecoder(t reflect.Type) bool {
	return implements[msgpack.CustomDecoder](t) || implements[msgpack.Unmarshaler](t) ||
		implements[encoding.BinaryUnmarshaler](t) || implements[encoding.TextUnmarshaler](t)
}

// hasEncoder reports whether t encodes itself.
func hasEncoder(t reflect.Type) bool {
	return implements[msgpack.CustomEncoder](t) || implements[msgpack.Marshaler](t) ||
		implements[encoding.BinaryMarshaler](t) || implements[encoding.TextMarshaler](t)
}

// hasMethods reports whether t encodes or decodes itself, or the vendor has code
// of its own for it.
func hasMethods(t reflect.Type) bool {
	return hasDecoder(t) || hasEncoder(t) || t == reflect.TypeFor[time.Time]()
}
