// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest

import (
	"errors"
	"testing"
)

// errUnwritten stands in for the checks, which follow.
var errUnwritten = errors.New("the check of this law follows")

func checkAbilities(*probe) error          { return errUnwritten }
func checkAfterClose(*probe) error         { return errUnwritten }
func checkByteExact(*probe) error          { return errUnwritten }
func checkCopiesIn(*probe) error           { return errUnwritten }
func checkCut(*probe) error                { return errUnwritten }
func checkEndsOnContext(*probe) error      { return errUnwritten }
func checkJoinedFirst(*probe) error        { return errUnwritten }
func checkJoinedIsActive(*probe) error     { return errUnwritten }
func checkLargeMessage(*probe) error       { return errUnwritten }
func checkNoGoroutineLeft(*probe) error    { return errUnwritten }
func checkNoSubscribers(*probe) error      { return errUnwritten }
func checkNothingAfterReturn(*probe) error { return errUnwritten }
func checkOnceEach(*probe) error           { return errUnwritten }
func checkOneAtATime(*probe) error         { return errUnwritten }
func checkOtherChannel(*probe) error       { return errUnwritten }
func checkOverflow(*probe) error           { return errUnwritten }
func checkOversize(*probe) error           { return errUnwritten }
func checkPing(*probe) error               { return errUnwritten }
func checkPublishDoneContext(*probe) error { return errUnwritten }
func checkPublishWhileCut(*probe) error    { return errUnwritten }
func checkReachesAll(*probe) error         { return errUnwritten }
func checkReachesOwn(*probe) error         { return errUnwritten }
func checkSlowSubscriber(*probe) error     { return errUnwritten }
func checkStableInCall(*probe) error       { return errUnwritten }
func checkStall(*probe) error              { return errUnwritten }
func checkTwoSubscriptions(*probe) error   { return errUnwritten }

type probe struct{}

func newProbe(testing.TB, Harness) *probe { return &probe{} }

func (p *probe) finish() error { return nil }

func needsLimit(Harness) error    { return nil }
func needsOverflow(Harness) error { return nil }
func needsCut(Harness) error      { return nil }
func needsStall(Harness) error    { return nil }
func needsClose(Harness) error    { return nil }
func needsPing(Harness) error     { return nil }
