// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"errors"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// Law is one sentence of the contract of a distributed layer, with its proof.
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
		{Name: "AbsentKey", Sentence: "Get of a key that was never set is a miss: ok is false and the error is nil.", check: checkAbsentKey},
		{Name: "RoundTrip", Sentence: "Get returns exactly the bytes that Set was given, whatever they are.", check: checkRoundTrip},
		{Name: "EmptyValue", Sentence: "An empty value is a value, not a miss.", check: checkEmptyValue},
		{Name: "LargeValue", Sentence: "A value of the largest promised size comes back whole.", check: checkLargeValue},
		{Name: "Oversize", Sentence: "A value beyond the promised size is stored whole or refused with an error, and the layer works on.", check: checkOversize},
		{Name: "CopiesIn", Sentence: "The slice given to Set is the caller's again once Set has returned.", check: checkCopiesIn},
		{Name: "CopiesOut", Sentence: "The slice returned by Get is the caller's, up to its capacity.", check: checkCopiesOut},
		{Name: "Overwrite", Sentence: "Set replaces the value that was there.", check: checkOverwrite},
		{Name: "DeleteRemoves", Sentence: "Get after Delete is a miss, and other keys are untouched.", check: checkDeleteRemoves},
		{Name: "DeleteIdempotent", Sentence: "Deleting a key that is not there is no error.", check: checkDeleteIdempotent},
		{Name: "SetAfterDelete", Sentence: "A deleted key can be set again.", check: checkSetAfterDelete},
		{Name: "OddKeys", Sentence: "Every key is stored under itself alone, whatever bytes it is made of.", check: checkOddKeys},
		{Name: "LongKeys", Sentence: "Keys of the greatest length work and are told apart by any one byte.", check: checkLongKeys},
		{Name: "TTLEnds", Sentence: "A value lives for its ttl, not shorter, and ends when the ttl, rounded up, has passed, however often it is read.", check: checkTTLEnds},
		{Name: "TTLReplaced", Sentence: "Set replaces the ttl that was there, by a longer or a shorter one.", check: checkTTLReplaced},
		{Name: "ShortTTL", Sentence: "A ttl below the layer's unit of time is rounded up: it is not refused, and it ends.", check: checkShortTTL},
		{Name: "Forever", Sentence: "A value set for ever, or for a very long time, is stored and does not end.", check: checkForever},
		{Name: "DoneContext", Sentence: "A done context makes every method return an error that wraps the context's, never a miss.", check: checkDoneContext},
		{Name: "Concurrent", Sentence: "Many goroutines at once read nothing but whole values of the key that they asked for.", check: checkConcurrent},
		{Name: "Abilities", Sentence: "The layer has the optional abilities that it declares, and no others.", check: checkAbilities},
		{Name: "Ping", Sentence: "Ping succeeds while the server answers.", needs: needsPing, check: checkPing},
		{Name: "ArbiterDecides", Sentence: "Arbitrate decides as core.Write.Decide does on what is stored.", needs: needsArbiter, check: arbitrated(checkArbiterDecides)},
		{Name: "ArbiterHighest", Sentence: "Over the highest version that a header can have, Arbitrate still decides as core.Write.Decide does.", needs: needsArbiter, check: arbitrated(checkArbiterHighest)},
		{Name: "ArbiterHeadless", Sentence: "A write without a header of ours is stored nowhere, and the ruling is the same as over foreign bytes.", needs: needsArbiter, check: arbitrated(checkArbiterHeadless)},
		{Name: "ArbiterBytes", Sentence: "Arbitrate stores exactly the bytes that it was given behind the header, and keeps no slice of its caller.", needs: needsArbiter, check: arbitrated(checkArbiterBytes)},
		{Name: "ArbiterKeys", Sentence: "For Arbitrate and ReadHeader every key is the place that it is for the other methods.", needs: needsArbiter, check: arbitrated(checkArbiterKeys)},
		{Name: "ArbiterForeign", Sentence: "Bytes without a header of ours stay, whatever is to be written over them, and the ruling says so.", needs: needsArbiter, check: arbitrated(checkArbiterForeign)},
		{Name: "ArbiterAbsent", Sentence: "Where nothing was ever stored, or it was deleted or has ended, a fill that saw nothing is stored and one that saw something is not.", needs: needsArbiter, check: arbitrated(checkArbiterAbsent)},
		{Name: "ArbiterTTL", Sentence: "What Arbitrate stores lives for the ttl of that write, or of a tombstone if that is longer and one was there; not shorter, and ends when it, rounded up, has passed; for ever is for ever.", needs: needsArbiter, check: arbitrated(checkArbiterTTL)},
		{Name: "ArbiterNotice", Sentence: "A notice for a server that the layer does not reach is left to the caller.", needs: needsArbiter, check: arbitrated(checkArbiterNotice)},
		{Name: "ConcurrentFills", Sentence: "Of fills that saw the same, exactly one is stored, and the others are told which.", needs: needsArbiter, check: arbitrated(checkConcurrentFills)},
		{Name: "ConcurrentForces", Sentence: "Forced writes are all stored, each with a higher version than the one that it replaces.", needs: needsArbiter, check: arbitrated(checkConcurrentForces)},
		{Name: "ReadHeader", Sentence: "ReadHeader returns the first core.HeaderSize bytes of what is stored, fewer if that is shorter, and tells when there is nothing.", needs: needsArbiter, check: arbitrated(checkReadHeader)},
		{Name: "BatchGet", Sentence: "GetMany answers each key as Get does, in the order of the keys, none of them included.", needs: needsBatch, check: checkBatchGet},
		{Name: "BatchArbitrate", Sentence: "ArbitrateMany does with each write what Arbitrate does, its end and notice included, in the order of the writes, of which it keeps nothing and there may be none.", needs: needsBatchArbiter, check: checkBatchArbitrate},
		{Name: "BatchHeaders", Sentence: "ReadHeaders answers each key as ReadHeader does, in the order of the keys, none of them included.", needs: needsBatchHeaders, check: checkBatchHeaders},
		{Name: "AfterClose", Sentence: "After the client is closed every method returns an error and none panics.", needs: needsClose, check: checkAfterClose},
		{Name: "ServerDown", Sentence: "While the server is down every method returns an error, never a miss.", needs: needsDown, check: checkServerDown},
		{Name: "ServerStalled", Sentence: "While the server does not answer every method keeps the context's deadline and then returns an error that wraps the context's.", needs: needsStalled, check: checkServerStalled},
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
	p := newProbe(tb, h.withDefaults())
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

func needsPing(h Harness) error {
	return lawtest.Declared(h.Features.Ping, "the layer declares no Ping")
}

func needsArbiter(h Harness) error {
	return lawtest.Declared(h.Features.Arbiter, "the layer declares no Arbiter")
}

func needsBatch(h Harness) error {
	return lawtest.Declared(h.Features.Batch, "the layer declares no Batch")
}

func needsBatchArbiter(h Harness) error {
	if err := needsArbiter(h); err != nil {
		return err
	}
	return needsBatch(h)
}

func needsBatchHeaders(h Harness) error {
	if err := needsArbiter(h); err != nil {
		return err
	}
	return lawtest.Declared(h.Features.BatchHeaders, "the layer declares no BatchHeaders")
}

func needsClose(h Harness) error {
	return lawtest.Part(h.NewClosed != nil, "NewClosed", h.Features.NoClose, "NoClose")
}

func needsDown(h Harness) error {
	return lawtest.Part(h.NewDown != nil, "NewDown", h.Features.NoServer, "NoServer")
}

func needsStalled(h Harness) error {
	return lawtest.Part(h.NewStalled != nil, "NewStalled", h.Features.NoServer, "NoServer")
}
