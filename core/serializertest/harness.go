// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// Harness tells the suite how to make the serializer under test and what it can
// do.
type Harness struct {
	// New makes a serializer for one law. It fails tb itself when it cannot.
	// Required.
	New func(tb testing.TB) core.Serializer

	// Hostile are inputs in the serializer's format that must be survived within
	// bounds. The suite has some for MessagePack, JSON and CBOR, and damages what
	// Marshal returns.
	Hostile [][]byte

	// Features declares the abilities of the serializer.
	Features Features
}

// Features are promises. The suite fails when one is broken, and also when the
// serializer has an ability that is not declared.
type Features struct {
	// Append: the serializer implements [core.AppendMarshaler].
	Append bool
	// Time: a time.Time, alone or within a value, keeps its instant to the
	// nanosecond. Its location need not survive.
	Time bool
	// BytesOnly: the serializer takes nothing but bytes and strings, and any
	// bytes are a value to it.
	BytesOnly bool
}

// ErrNotApplicable is wrapped by what [Check] returns for a law that the
// features make meaningless.
var ErrNotApplicable = lawtest.ErrNotApplicable

func needsStructure(h Harness) error {
	return lawtest.Declared(!h.Features.BytesOnly, "any bytes are a value")
}

func needsBytesOnly(h Harness) error {
	return lawtest.Declared(h.Features.BytesOnly, "the serializer takes values of many types")
}

func needsAppend(h Harness) error {
	return lawtest.Declared(h.Features.Append, "the serializer does not append")
}

func needsTime(h Harness) error {
	return lawtest.Declared(h.Features.Time, "the serializer does not keep times")
}
