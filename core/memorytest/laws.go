// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest

import (
	"errors"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// Law is one sentence of the contract of a memory layer, with its proof.
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
		{Name: "AbsentKey", Sentence: "Get of a key that was never set is a miss.", check: checkAbsentKey},
		{Name: "KeepsMeta", Sentence: "An entry comes back with all its metadata, to the nanosecond.", check: checkKeepsMeta},
		{Name: "KeepsValue", Sentence: "A live value comes back as itself and a payload with the same bytes, an empty one too.", check: checkKeepsValue},
		{Name: "Overwrite", Sentence: "Set replaces what was there.", check: checkOverwrite},
		{Name: "DeleteRemoves", Sentence: "Get after Delete is a miss, and other keys are untouched.", check: checkDeleteRemoves},
		{Name: "DeleteIdempotent", Sentence: "Deleting a key that is not there does nothing.", check: checkDeleteIdempotent},
		{Name: "SetAfterDelete", Sentence: "A deleted key can be set again.", check: checkSetAfterDelete},
		{Name: "OddKeys", Sentence: "Every key is stored under itself alone, whatever bytes it is made of.", check: checkOddKeys},
		{Name: "LongKeys", Sentence: "Keys of the greatest length work and are told apart by any one byte.", check: checkLongKeys},
		{Name: "GetKeepsNoKey", Sentence: "The bytes of a key given to Get can be reused when Get has returned.", check: checkGetKeepsNoKey},
		{Name: "DeleteKeepsNoKey", Sentence: "The bytes of a key given to Delete can be reused when Delete has returned.", check: checkDeleteKeepsNoKey},
		{Name: "VisibleAtOnce", Sentence: "When Set has returned, every goroutine reads what it stored.", check: checkVisibleAtOnce},
		{Name: "VisibleWhenFull", Sentence: "In a full layer too, a new entry is there when Set has returned.", needs: needsBound, check: checkVisibleWhenFull},
		{Name: "Bound", Sentence: "However much is written, the layer soon holds no more than its capacity.", needs: needsBound, check: checkBound},
		{Name: "Oversize", Sentence: "An entry that cannot fit is refused with core.ErrTooLarge, and then nothing is held for its key.", needs: needsOversize, check: checkOversize},
		{Name: "EndedLife", Sentence: "An entry whose life has ended is returned as it is or not at all, and disturbs no other.", check: checkEndedLife},
		{Name: "Concurrent", Sentence: "Many goroutines at once read nothing but whole entries of the key that they asked for, and each its own writes.", check: checkConcurrent},
		{Name: "Abilities", Sentence: "The layer has the optional abilities that it declares, and no others.", check: checkAbilities},
		{Name: "Clear", Sentence: "Clear forgets everything, and the layer works on.", needs: needs("Clear", clears), check: checkClear},
		{Name: "Len", Sentence: "Len soon counts every key that is held once.", needs: needs("Len", counts), check: checkLen},
		{Name: "Evictions", Sentence: "Each entry that is dropped to make room is told once, and nothing else is.", needs: needsEvictions, check: checkEvictions},
		{Name: "EvictionsEnd", Sentence: "One listener at most hears of evictions: the last, and none after nil.", needs: needsEvictions, check: checkEvictionsEnd},
		{Name: "AppendEntry", Sentence: "AppendEntry appends the binary form of what Get returns, and leaves what dst holds.", needs: needs("Bytes", bytesOnly), check: checkAppendEntry},
		{Name: "AppendEntryOwned", Sentence: "What AppendEntry returns is the caller's, up to its capacity.", needs: needs("Bytes", bytesOnly), check: checkAppendEntryOwned},
		{Name: "AppendEntryKeepsNoKey", Sentence: "The bytes of a key given to AppendEntry can be reused when it has returned.", needs: needs("Bytes", bytesOnly), check: checkAppendEntryKeepsNoKey},
		{Name: "PayloadOwned", Sentence: "A layer of bytes gives every reader a payload of its own.", needs: needs("Bytes", bytesOnly), check: checkPayloadOwned},
		{Name: "LiveRefused", Sentence: "A layer of bytes refuses an entry that is not encoded, and then holds nothing for its key.", needs: needs("Bytes", bytesOnly), check: checkLiveRefused},
	}
}

// Check proves one law on a layer that it makes with h, and returns nil or what
// contradicts the law. For a law about something that h declares as missing the
// error wraps [ErrNotApplicable]. With h.Bubble it must be called in a bubble,
// with the tb of that bubble.
func Check(tb testing.TB, law Law, h Harness) error {
	tb.Helper()
	if err := law.applies(h); err != nil {
		return err
	}
	p := newProbe(tb, h)
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

func clears(f Features) bool    { return f.Clear }
func counts(f Features) bool    { return f.Len }
func bytesOnly(f Features) bool { return f.Bytes }

func needs(name string, declared func(Features) bool) func(Harness) error {
	return func(h Harness) error {
		return lawtest.Declared(declared(h.Features), "the layer declares no "+name)
	}
}

func needsBound(h Harness) error {
	return lawtest.Part(h.Capacity > 0, "Capacity", h.Features.Unbounded, "Unbounded")
}

func needsEvictions(h Harness) error {
	if h.Capacity == 0 || h.Features.Unbounded {
		return lawtest.Declared(false, "the layer never evicts")
	}
	return needs("Evictions", func(f Features) bool { return f.Evictions })(h)
}

func needsOversize(h Harness) error {
	return lawtest.Part(h.Oversize != nil, "Oversize", h.Features.AnySize, "AnySize")
}
