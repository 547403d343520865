// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"errors"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// Law is one sentence of the contract of a serializer, with its proof.
type Law struct {
	// Name is short and unique; it names the subtest.
	Name string
	// Sentence says the law in words.
	Sentence string

	needs func(h Harness) error
	check func(p *probe) error
}

// Laws returns all laws in the order in which [Run] checks them. The slice
// belongs to the caller.
func Laws() []Law {
	return []Law{
		{Name: "Bytes", Sentence: "Bytes and strings, and types made of them, come back exactly.", check: checkBytes},
		{Name: "RoundTrip", Sentence: "A value comes back equal, whatever its type, zero or full.", needs: needsStructure, check: checkRoundTrip},
		{Name: "NilAndEmpty", Sentence: "Nil and empty slices, maps and pointers stay different.", needs: needsStructure, check: checkNilAndEmpty},
		{Name: "Large", Sentence: "A value of a megabyte comes back equal.", check: checkLarge},
		{Name: "Time", Sentence: "A time keeps its instant to the nanosecond, and the zero time stays zero.", needs: needsTime, check: checkTime},
		{Name: "OtherTypes", Sentence: "What is not made of bytes gives an error in both directions.", needs: needsBytesOnly, check: checkOtherTypes},
		{Name: "Unsupported", Sentence: "A value that no serializer can encode gives an error.", check: checkUnsupported},
		{Name: "BadTarget", Sentence: "A target that is not a non-nil pointer gives an error.", check: checkBadTarget},
		{Name: "MethodPanics", Sentence: "A panic in a method of the value does not pass through.", check: checkMethodPanics},
		{Name: "WrongType", Sentence: "A value that the target's type cannot hold gives an error, never another value.", needs: needsStructure, check: checkWrongType},
		{Name: "Truncated", Sentence: "The beginning of an encoded value gives an error, wherever it ends.", needs: needsStructure, check: checkTruncated},
		{Name: "Trailing", Sentence: "An encoded value followed by other bytes gives an error.", needs: needsStructure, check: checkTrailing},
		{Name: "Damaged", Sentence: "Damaged bytes never make Unmarshal panic.", check: checkDamaged},
		{Name: "BoundedMemory", Sentence: "Unmarshal allocates in proportion to the bytes, however hostile they are.", check: checkBoundedMemory},
		{Name: "Symmetric", Sentence: "What Marshal returns, Unmarshal accepts, however large or deep the value is.", check: checkSymmetric},
		{Name: "CopiesIn", Sentence: "A decoded value shares no memory with the bytes, which stay as they were.", check: checkCopiesIn},
		{Name: "CopiesOut", Sentence: "What Marshal returns shares no memory with the value.", check: checkCopiesOut},
		{Name: "NotReused", Sentence: "What Marshal returned stays as it is, and what the caller does to it has no effect on the serializer.", check: checkNotReused},
		{Name: "Concurrent", Sentence: "Many goroutines marshal and unmarshal at once, each its own values.", check: checkConcurrent},
		{Name: "Quiet", Sentence: "Errors do not contain parts of the value.", check: checkQuiet},
		{Name: "Abilities", Sentence: "The serializer has the abilities that it declares, and no others.", check: checkAbilities},
		{Name: "Append", Sentence: "AppendMarshal keeps what is in the slice and appends an encoding of the value.", needs: needsAppend, check: checkAppend},
		{Name: "AppendInPlace", Sentence: "AppendMarshal uses the spare capacity of the slice when that is enough.", needs: needsAppend, check: checkAppendInPlace},
	}
}

// Check proves one law on a serializer that it makes with h, and returns nil or
// what contradicts the law. For a law that h.Features make meaningless the error
// wraps [ErrNotApplicable].
func Check(tb testing.TB, law Law, h Harness) error {
	tb.Helper()
	if err := law.applies(h); err != nil {
		return err
	}
	p := &probe{serializer: h.New(tb), h: h}
	p.appender, _ = p.serializer.(core.AppendMarshaler)
	return lawtest.Guard(func() error { return law.check(p) })
}

func (l Law) applies(h Harness) error {
	if h.New == nil {
		return errors.New("harness has no New")
	}
	if l.needs == nil {
		return nil
	}
	return l.needs(h)
}
