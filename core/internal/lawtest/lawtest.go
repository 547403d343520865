// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package lawtest is what the conformance suites share: running laws in subtests,
// and judging whether a law applies to what a harness declares.
package lawtest

import (
	"errors"
	"fmt"
	"runtime/debug"
	"testing"
	"testing/synctest"
)

// ErrNotApplicable is wrapped by the error of a law about something that the harness
// declares as missing.
var ErrNotApplicable = errors.New("law does not apply")

// Case is a law with the harness that it is to be checked with.
type Case struct {
	Name     string // of the subtest
	Sentence string // the law in words

	// Applies returns nil, an error that wraps ErrNotApplicable, or what is wrong
	// with the harness.
	Applies func() error

	// Check returns nil or what contradicts the law. In a bubble, tb is the bubble's.
	Check func(tb testing.TB) error
}

// Run checks every case in a subtest of its own, in a bubble if asked for. Laws that
// do not apply are skipped with the reason.
func Run(t *testing.T, bubble bool, cases []Case) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Applies(); errors.Is(err, ErrNotApplicable) {
				t.Skipf("%s: %v", c.Name, err)
			}
			if !bubble {
				c.report(t)
				return
			}
			synctest.Test(t, c.report)
		})
	}
}

func (c Case) report(t *testing.T) {
	t.Helper()
	if err := c.Check(t); err != nil {
		t.Errorf("broken law %s: %s\n%v", c.Name, c.Sentence, err)
	}
}

// Panic is a panic of what is under test.
type Panic struct {
	Value any
	Stack []byte
}

// Error shows the value and the stack.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v\n%s", p.Value, p.Stack) }

// Guard calls f and turns a panic into a *Panic.
func Guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &Panic{r, debug.Stack()}
		}
	}()
	return f()
}

// Declared is for a law about an ability: not applicable unless it is declared. why
// says what is not.
func Declared(declared bool, why string) error {
	if !declared {
		return fmt.Errorf("%w: %s", ErrNotApplicable, why)
	}
	return nil
}

// Waived is for a law that a feature makes meaningless.
func Waived(waived bool, waiver string) error {
	return Declared(!waived, "the harness declares Features."+waiver)
}

// Part is for a law that needs a part of the harness, and keeps declarations honest:
// there must be exactly one of part and waiver.
func Part(have bool, part string, waived bool, waiver string) error {
	switch {
	case have && waived:
		return fmt.Errorf("harness has %s and declares Features.%s", part, waiver)
	case !have && !waived:
		return fmt.Errorf("harness has no %s and does not declare Features.%s", part, waiver)
	}
	return Waived(waived, waiver)
}
