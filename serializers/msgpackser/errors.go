// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
)

var (
	// ErrMalformed is wrapped by the errors for bytes that are not exactly one
	// well-formed value of supported types.
	ErrMalformed = errors.New("malformed value")

	// ErrLimit is wrapped by the errors for values that exceed a limit of
	// [Options].
	ErrLimit = errors.New("limit exceeded")

	// ErrOverflow is wrapped by the errors for integers that the Go type of
	// their place cannot hold.
	ErrOverflow = errors.New("integer overflow")
)

// quiet hides the text of a foreign error, which may quote the value, and keeps
// the error itself for errors.Is and errors.As.
type quiet struct {
	text string
	err  error
}

func (q *quiet) Error() string { return q.text }
func (q *quiet) Unwrap() error { return q.err }

// fromVendor returns err itself if its text is free of values: the vendor's own
// texts name types, codes and lengths only.
func fromVendor(err error) error {
	if err == nil || errors.Is(err, ErrLimit) || err == io.EOF || err == io.ErrUnexpectedEOF ||
		strings.HasPrefix(err.Error(), "msgpack: ") {
		return err
	}
	return &quiet{text: fmt.Sprintf("a method of the type failed with %T", err), err: err}
}

// recoverTo turns a panic of the vendor's code, or of a method of the value's
// type, into an error.
func recoverTo(err *error) {
	switch r := recover().(type) {
	case nil:
	case runtime.Error:
		*err = &quiet{text: "panic: " + r.Error(), err: r}
	case *reflect.ValueError:
		*err = &quiet{text: "panic: " + r.Error(), err: r}
	case error:
		*err = &quiet{text: fmt.Sprintf("panic with %T", r), err: r}
	case string:
		*err = &quiet{text: "panic with a string"}
		if strings.HasPrefix(r, "reflect") {
			*err = &quiet{text: "panic: " + r}
		}
	default:
		*err = &quiet{text: fmt.Sprintf("panic with %T", r)}
	}
}
