// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package rawser

import (
	"fmt"
	"reflect"

	"github.com/fusioncache-go/fusioncache/core"
)

// Serializer is a [core.Serializer] and [core.AppendMarshaler] for bytes and
// strings. The zero value is ready to use, by many goroutines at once. Other
// types give an error that names the type.
type Serializer struct{}

var (
	_ core.Serializer      = Serializer{}
	_ core.AppendMarshaler = Serializer{}
)

// Marshal returns a copy of the bytes that v points to.
func (s Serializer) Marshal(v any) ([]byte, error) {
	switch p := v.(type) {
	case *[]byte:
		if p != nil {
			return append(make([]byte, 0, len(*p)), *p...), nil
		}
	case *string:
		if p != nil {
			return []byte(*p), nil
		}
	}
	return s.AppendMarshal([]byte{}, v)
}

// AppendMarshal appends the bytes that v points to to dst. It allocates nothing
// but what dst lacks. On an error it returns dst.
func (Serializer) AppendMarshal(dst []byte, v any) ([]byte, error) {
	target, err := settable("marshal", v)
	if err != nil {
		return dst, err
	}
	if target.Kind() == reflect.String {
		return append(dst, target.String()...), nil
	}
	return append(dst, target.Bytes()...), nil
}

// Unmarshal sets what v points to to a copy of data, of any length.
func (Serializer) Unmarshal(data []byte, v any) error {
	target, err := settable("unmarshal", v)
	if err != nil {
		return err
	}
	if target.Kind() == reflect.String {
		target.SetString(string(data))
		return nil
	}
	target.SetBytes(append(make([]byte, 0, len(data)), data...))
	return nil
}

// settable returns what v points to, if its type is supported.
func settable(op string, v any) (reflect.Value, error) {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return p, fmt.Errorf("rawser: %s %T: need a pointer that is not nil", op, v)
	}
	target := p.Elem()
	bytes := target.Kind() == reflect.Slice && target.Type().Elem().Kind() == reflect.Uint8
	if !bytes && target.Kind() != reflect.String {
		return p, fmt.Errorf("rawser: %s %T: only []byte, string and types made of them are supported", op, v)
	}
	return target, nil
}
