// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/fusioncache-go/fusioncache/core"
)

// serializer is a serializer made of functions, so that a mutant replaces one.
type serializer struct {
	marshal   func(v any) ([]byte, error)
	unmarshal func(data []byte, v any) error
}

func (s serializer) Marshal(v any) ([]byte, error)      { return s.marshal(v) }
func (s serializer) Unmarshal(data []byte, v any) error { return s.unmarshal(data, v) }

// appending also implements core.AppendMarshaler.
type appending struct {
	serializer
	append func(dst []byte, v any) ([]byte, error)
}

func (a appending) AppendMarshal(dst []byte, v any) ([]byte, error) { return a.append(dst, v) }

// reference returns a plain serializer that keeps every law.
func reference() appending { return withAppend(serializer{referenceMarshal, referenceUnmarshal}) }

func withAppend(s serializer) appending {
	return appending{s, func(dst []byte, v any) ([]byte, error) {
		data, err := s.marshal(v)
		return append(dst, data...), err
	}}
}

var errReference = errors.New("reference: failed")

func referenceMarshal(v any) (data []byte, err error) {
	defer recoverTo(&err)
	if data, err = json.Marshal(v); err != nil || !withinLimits(data) {
		return nil, errReference
	}
	return data, nil
}

func referenceUnmarshal(data []byte, v any) (err error) {
	defer recoverTo(&err)
	if !withinLimits(data) || json.Unmarshal(data, v) != nil {
		return errReference
	}
	return nil
}

func recoverTo(err *error) {
	if recover() != nil {
		*err = errReference
	}
}

// withinLimits is crude, but the samples of the suite pass.
func withinLimits(data []byte) bool {
	nesting := bytes.Count(data, []byte("[")) + bytes.Count(data, []byte(`":{`))
	dense := 8*bytes.Count(data, []byte(",")) > len(data)+4000
	return len(data) < 4<<20 && nesting < 5000 && !dense
}

// bytesOnly returns a serializer that keeps the laws for bytes and strings.
func bytesOnly() appending {
	target := func(v any) (reflect.Value, error) {
		p := reflect.ValueOf(v)
		if p.Kind() != reflect.Pointer || p.IsNil() {
			return p, errReference
		}
		e := p.Elem()
		if e.Kind() != reflect.String && (e.Kind() != reflect.Slice || e.Type().Elem().Kind() != reflect.Uint8) {
			return e, fmt.Errorf("%w for %T", errReference, v)
		}
		return e, nil
	}
	return withAppend(serializer{
		func(v any) ([]byte, error) {
			e, err := target(v)
			if err != nil {
				return nil, err
			}
			return bytes.Clone(e.Convert(reflect.TypeFor[[]byte]()).Bytes()), nil
		},
		func(data []byte, v any) error {
			e, err := target(v)
			if err == nil {
				e.Set(reflect.ValueOf(bytes.Clone(data)).Convert(e.Type()))
			}
			return err
		},
	})
}

var _ core.AppendMarshaler = appending{}
