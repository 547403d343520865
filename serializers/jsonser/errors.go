// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package jsonser

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
)

// quiet replaces the text of an error, which may quote the value, and keeps the
// error itself for errors.Is and errors.As.
type quiet struct {
	text string
	err  error
}

func (q *quiet) Error() string { return q.text }
func (q *quiet) Unwrap() error { return q.err }

// withoutValues puts the errors of the standard library, and those of methods of
// the value's type, into words that quote nothing.
func withoutValues(err error) error {
	var (
		syntax      *json.SyntaxError
		wrongType   *json.UnmarshalTypeError
		badTarget   *json.InvalidUnmarshalError
		unsupported *json.UnsupportedTypeError
	)
	switch {
	case err == nil, errors.As(err, &badTarget), errors.As(err, &unsupported):
		return err
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: syntax error at byte %d", ErrMalformed, syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it ends within a value", ErrMalformed)
	case errors.As(err, &wrongType):
		return &quiet{fmt.Sprintf("field %q of type %v does not fit, at byte %d", wrongType.Field, wrongType.Type, wrongType.Offset), err}
	}
	return &quiet{fmt.Sprintf("the value or a method of its type failed with %T", err), err}
}

// recoverTo turns a panic of a method of the value's type into an error.
func recoverTo(err *error) {
	switch r := recover().(type) {
	case nil:
	case runtime.Error:
		*err = &quiet{"panic: " + r.Error(), r}
	case *reflect.ValueError:
		*err = &quiet{"panic: " + r.Error(), r}
	case error:
		*err = &quiet{fmt.Sprintf("panic with %T", r), r}
	default:
		*err = &quiet{fmt.Sprintf("panic with %T", r), nil}
	}
}
