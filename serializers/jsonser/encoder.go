// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package jsonser

import "encoding/json"

// encoder is an encoder of the standard library and what it writes to. Encoders
// are pooled; one that has seen an error is not used again.
type encoder struct {
	json *json.Encoder
	data []byte
}

func (s *Serializer) encoder() *encoder {
	if e, ok := s.encoders.Get().(*encoder); ok {
		return e
	}
	e := &encoder{}
	e.json = json.NewEncoder(e)
	e.json.SetEscapeHTML(false)
	return e
}

// Write implements io.Writer for the standard library's encoder, which writes a
// whole value at once.
func (e *encoder) Write(p []byte) (int, error) {
	e.data = append(e.data, p...)
	return len(p), nil
}

func (e *encoder) encode(dst []byte, v any) (data []byte, err error) {
	defer recoverTo(&err)
	e.data = dst
	if err := e.json.Encode(v); err != nil {
		return nil, withoutValues(err)
	}
	data, e.data = e.data[:len(e.data)-1], nil // without the final newline
	return data, nil
}
