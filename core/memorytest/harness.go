// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// Harness tells the suite how to make the layer under test and what it can do.
type Harness struct {
	// New returns an empty layer with room for 500 entries of 200 bytes and for
	// single ones of 3 KiB, keys included. It fails the test itself when it
	// cannot deliver, and registers what has to be undone with its Cleanup.
	// Required.
	New func(tb testing.TB) core.MemoryLayer

	// Capacity is the largest number of entries that a layer from New may hold
	// once it has settled, however small they are. The suite writes half as many
	// again. 0 only with Features.Unbounded.
	Capacity int

	// Oversize returns an entry that a layer from New can never hold. Nil only
	// with Features.AnySize.
	Oversize func() *core.Entry

	// Bubble runs each law in its own synctest bubble. That also proves that the
	// layer leaves no goroutine behind.
	Bubble bool

	// Features declares the abilities of the layer and what does not apply to it.
	Features Features
}

// Features are promises. The suite fails when one is broken, and also when the
// layer has an ability that is not declared.
type Features struct {
	// Bytes: the layer implements [core.ByteMemory] and takes encoded entries
	// only.
	Bytes bool
	// Clear: the layer implements [core.Clearer].
	Clear bool
	// Len: the layer implements [core.Lener].
	Len bool
	// Evictions: the layer implements [core.EvictionTeller].
	Evictions bool
	// Unbounded: the layer never evicts.
	Unbounded bool
	// AnySize: there is no entry that the layer must refuse.
	AnySize bool
}

// ErrNotApplicable is wrapped by what [Check] returns for a law about something
// that the harness declares as missing.
var ErrNotApplicable = lawtest.ErrNotApplicable
