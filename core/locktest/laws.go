// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locktest

import (
	"errors"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// Law is one sentence of the contract of a locker, with its proof.
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
		{Name: "Exclusive", Sentence: "While a lease lasts, nobody gets the lock, on no node.", check: checkExclusive},
		{Name: "OneWinner", Sentence: "Of many who try at once exactly one gets the lock.", check: checkOneWinner},
		{Name: "Names", Sentence: "Locks of different names are different locks, whatever the names.", check: checkNames},
		{Name: "ReleaseFrees", Sentence: "After Release the lock can be taken at once.", check: checkReleaseFrees},
		{Name: "ReleaseOwn", Sentence: "Releasing a lease that has ended is no error, and does not end a later one.", check: checkReleaseOwn},
		{Name: "LeaseEnds", Sentence: "A lease that is not renewed ends after its ttl.", check: checkLeaseEnds},
		{Name: "LeaseLasts", Sentence: "A lease does not end before its ttl.", check: checkLeaseLasts},
		{Name: "RenewExtends", Sentence: "A renewed lease lasts for the new ttl.", check: checkRenewExtends},
		{Name: "RenewEnds", Sentence: "A renewed lease ends after the new ttl.", check: checkRenewEnds},
		{Name: "RenewLost", Sentence: "Renewing a lease that has ended gives ErrLeaseLost and takes nothing from the present holder.", check: checkRenewLost},
		{Name: "Fence", Sentence: "Each lease of a lock has a greater fence than the one before.", check: checkFence},
		{Name: "WaitFree", Sentence: "Wait returns at once if nobody has the lock.", check: checkWaitFree},
		{Name: "WaitRelease", Sentence: "Wait returns soon after the lock is released, on every node, even if it is taken again at once.", check: checkWaitRelease},
		{Name: "WaitDead", Sentence: "Wait returns when the lease of a holder that is gone ends.", check: checkWaitDead},
		{Name: "WaitHeld", Sentence: "Wait does not return while the lock is held.", check: checkWaitHeld},
		{Name: "WaitTries", Sentence: "Who tries in vain to get the lock makes nobody wait longer.", check: checkWaitTries},
		{Name: "WaitOwn", Sentence: "Wait does not return for the release of a lease that had ended before, while somebody has the lock.", check: checkWaitOwn},
		{Name: "WaitContext", Sentence: "Wait ends with its context, and with the error of that.", check: checkWaitContext},
		{Name: "DoneContext", Sentence: "With a done context TryLock and Renew give its error.", check: checkDoneContext},
		{Name: "BadTTL", Sentence: "A ttl that is not positive is refused.", check: checkBadTTL},
		{Name: "Down", Sentence: "While the service cannot be reached, TryLock and Wait fail within their deadline: nobody is told that the lock is held, or free.", needs: needsCut, check: checkDown},
		{Name: "Hang", Sentence: "While the service does not answer, TryLock, Wait, Renew and Release fail within their deadline.", needs: needsCut, check: checkHang},
		{Name: "Returns", Sentence: "Once the service can be reached again, locks can be taken and waited for.", needs: needsCut, check: checkReturns},
		{Name: "AfterClose", Sentence: "After the client is closed TryLock and Wait return an error and do not panic.", needs: needsClose, check: checkAfterClose},
	}
}

func needsCut(h Harness) error   { return lawtest.Waived(h.Features.NoCut, "NoCut") }
func needsClose(h Harness) error { return lawtest.Waived(h.Features.NoClose, "NoClose") }

// Check proves one law on a service that it makes with h, and returns nil or what
// contradicts the law. For a law about something that h declares as missing the
// error wraps [ErrNotApplicable]. With h.Bubble it must be called in a bubble,
// with the tb of that bubble.
func Check(tb testing.TB, law Law, h Harness) error {
	tb.Helper()
	if err := law.applies(h); err != nil {
		return err
	}
	h = h.withDefaults()
	p := &probe{ctx: tb.Context(), h: h, service: h.New(tb)}
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
