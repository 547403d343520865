// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"errors"
	"testing"
	"time"
)

// errUnwritten stands in for the checks, which follow.
var errUnwritten = errors.New("the check of this law follows")

func checkAbilities(*probe) error        { return errUnwritten }
func checkAbsentKey(*probe) error        { return errUnwritten }
func checkAfterClose(*probe) error       { return errUnwritten }
func checkConcurrent(*probe) error       { return errUnwritten }
func checkCopiesIn(*probe) error         { return errUnwritten }
func checkCopiesOut(*probe) error        { return errUnwritten }
func checkDeleteIdempotent(*probe) error { return errUnwritten }
func checkDeleteRemoves(*probe) error    { return errUnwritten }
func checkDoneContext(*probe) error      { return errUnwritten }
func checkEmptyValue(*probe) error       { return errUnwritten }
func checkForever(*probe) error          { return errUnwritten }
func checkLargeValue(*probe) error       { return errUnwritten }
func checkLongKeys(*probe) error         { return errUnwritten }
func checkOddKeys(*probe) error          { return errUnwritten }
func checkOversize(*probe) error         { return errUnwritten }
func checkOverwrite(*probe) error        { return errUnwritten }
func checkPing(*probe) error             { return errUnwritten }
func checkRoundTrip(*probe) error        { return errUnwritten }
func checkServerDown(*probe) error       { return errUnwritten }
func checkServerStalled(*probe) error    { return errUnwritten }
func checkSetAfterDelete(*probe) error   { return errUnwritten }
func checkShortTTL(*probe) error         { return errUnwritten }
func checkTTLEnds(*probe) error          { return errUnwritten }
func checkTTLReplaced(*probe) error      { return errUnwritten }

const pollStep = 10 * time.Millisecond

type probe struct{}

func newProbe(testing.TB, Harness) *probe { return &probe{} }
