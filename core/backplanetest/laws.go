// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest

import (
	"errors"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// Law is one sentence of the contract of a backplane, with its proof.
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
		{Name: "JoinedFirst", Sentence: "The first call to a subscriber is Joined(false), and there is one only while nothing is lost.", check: checkJoinedFirst},
		{Name: "JoinedIsActive", Sentence: "A message published after Joined is delivered.", check: checkJoinedIsActive},
		{Name: "ReachesAll", Sentence: "A message reaches the subscribers of all nodes.", check: checkReachesAll},
		{Name: "ReachesOwn", Sentence: "A message reaches the subscriber of the node that published it.", check: checkReachesOwn},
		{Name: "TwoSubscriptions", Sentence: "Two subscriptions of one node both receive, and one ends without the other.", check: checkTwoSubscriptions},
		{Name: "ByteExact", Sentence: "A message arrives with exactly the bytes that were published, whatever they are.", check: checkByteExact},
		{Name: "LargeMessage", Sentence: "A message of the largest promised size arrives whole.", check: checkLargeMessage},
		{Name: "Oversize", Sentence: "Publish refuses a message that the transport cannot carry, and later messages arrive.", needs: needsLimit, check: checkOversize},
		{Name: "CopiesIn", Sentence: "The slice given to Publish is the caller's again once Publish has returned.", check: checkCopiesIn},
		{Name: "StableInCall", Sentence: "A message does not change until Message has returned.", check: checkStableInCall},
		{Name: "OneAtATime", Sentence: "The methods of a subscriber are called from one goroutine at a time.", check: checkOneAtATime},
		{Name: "OnceEach", Sentence: "Messages of many goroutines and nodes at once arrive, none more than once.", check: checkOnceEach},
		{Name: "NoSubscribers", Sentence: "Publishing without subscribers is no error.", check: checkNoSubscribers},
		{Name: "PublishDoneContext", Sentence: "Publish with a done context returns an error that wraps the context's.", check: checkPublishDoneContext},
		{Name: "EndsOnContext", Sentence: "Subscribe returns the context's error promptly when the context ends, or was done before.", check: checkEndsOnContext},
		{Name: "NothingAfterReturn", Sentence: "No call to a subscriber is under way or follows once Subscribe has returned.", check: checkNothingAfterReturn},
		{Name: "NoGoroutineLeft", Sentence: "A subscription that has ended leaves no goroutine behind.", check: checkNoGoroutineLeft},
		{Name: "OtherChannel", Sentence: "Nothing published on one channel arrives on another.", check: checkOtherChannel},
		{Name: "SlowSubscriber", Sentence: "A subscriber that takes no messages neither blocks publishers nor holds up other subscribers.", check: checkSlowSubscriber},
		{Name: "Overflow", Sentence: "When messages for a slow subscriber were dropped, it is told by Joined(false) or the end of the subscription.", needs: needsOverflow, check: checkOverflow},
		{Name: "Cut", Sentence: "A broken connection is reported by Joined(false) or by the end of the subscription, and delivery then goes on.", needs: needsCut, check: checkCut},
		{Name: "PublishWhileCut", Sentence: "Publish fails while the transport is broken, and what it refused does not arrive later.", needs: needsCut, check: checkPublishWhileCut},
		{Name: "Stall", Sentence: "A peer that stops answering on an open connection is noticed and reported like a cut.", needs: needsStall, check: checkStall},
		{Name: "AfterClose", Sentence: "After the client is closed every method returns an error and none panics.", needs: needsClose, check: checkAfterClose},
		{Name: "Abilities", Sentence: "The backplane has the optional abilities that it declares, and no others.", check: checkAbilities},
		{Name: "Ping", Sentence: "Ping succeeds while the server answers.", needs: needsPing, check: checkPing},
	}
}

// Check proves one law on channels that it makes with h, and returns nil or what
// contradicts the law. For a law about something that h declares as missing the
// error wraps [ErrNotApplicable]. With h.Bubble it must be called in a bubble,
// with the tb of that bubble.
func Check(tb testing.TB, law Law, h Harness) error {
	tb.Helper()
	if err := law.applies(h); err != nil {
		return err
	}
	p := newProbe(tb, h.withDefaults())
	return errors.Join(lawtest.Guard(func() error { return law.check(p) }), p.finish())
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

func isPanic(err error) bool {
	_, ok := errors.AsType[*lawtest.Panic](err)
	return ok
}
