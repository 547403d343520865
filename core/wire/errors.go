// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire

import (
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

// Errors that parsing returns, always bare: a caller adds the operation and the
// key. Compare with errors.Is.
var (
	// ErrForeign is core.ErrForeign.
	ErrForeign = core.ErrForeign

	// ErrNewer says that a newer version of this library wrote the bytes. A fill
	// must not replace such a value.
	ErrNewer = errors.New("format of a newer version")

	// ErrCorrupt says that the bytes are damaged, cut off, or were written for
	// another key. A fill may replace such a value.
	ErrCorrupt = errors.New("corrupt data")

	// ErrUnknownKind says that a message is intact but of a kind that this
	// version does not know.
	ErrUnknownKind = errors.New("unknown kind of message")
)
