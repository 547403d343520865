// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// ErrInjected is wrapped by every error that a plan has brought about.
var ErrInjected = errors.New("injected fault")

// Faults say what goes wrong. Shares are from 0 to 1; the zero value stands for
// nothing. Of Fail, FailAfter, Hang and Garble a call meets one at most, of Drop,
// Duplicate and Reorder a message; the sum of either group is at most 1.
type Faults struct {
	// Fail is the share of calls and publications that do nothing and return an
	// error. Of a serializer, of calls that return an error. Of a memory layer, of
	// entries that are refused: then nothing is held for their key.
	Fail float64

	// FailAfter is the share of calls and publications that are carried out and
	// return an error all the same: the answer was lost.
	FailAfter float64

	// Hang is the share of calls and publications that do not return until their
	// context ends, or until the plan is changed: then they go on as if nothing
	// had been. Whether one that is given up was carried out is a matter of
	// chance.
	Hang float64

	// Deaf makes hanging calls ignore the end of their context, as a bad client
	// does. Only a change of the plan ends them.
	Deaf bool

	// Delay is the share of calls, publications and messages that take longer, by
	// a random time below MaxDelay.
	Delay float64

	// MaxDelay is the longest delay. Required with Delay and with Reorder.
	MaxDelay time.Duration

	// Garble is the share of reads, messages, and calls of a serializer whose
	// bytes are changed: a bit flipped, the end cut off, or all of them random.
	Garble float64

	// Drop is the share of messages that are not delivered, to one subscriber. Of a
	// memory layer, of reads that find their entry evicted.
	Drop float64

	// Duplicate is the share of messages that are delivered twice.
	Duplicate float64

	// Reorder is the share of messages that are delivered after the next one, or
	// after MaxDelay if none comes.
	Reorder float64
}

// Validate returns all that is wrong with f, joined, each a *core.OptionError.
func (f Faults) Validate() error {
	var errs []error
	bad := func(field, why string) {
		errs = append(errs, &core.OptionError{Option: "chaos.Faults." + field, Err: errors.New(why)})
	}
	for _, share := range []struct {
		field string
		value float64
	}{
		{"Fail", f.Fail},
		{"FailAfter", f.FailAfter},
		{"Hang", f.Hang},
		{"Delay", f.Delay},
		{"Garble", f.Garble},
		{"Drop", f.Drop},
		{"Duplicate", f.Duplicate},
		{"Reorder", f.Reorder},
	} {
		if !(share.value >= 0 && share.value <= 1) {
			bad(share.field, "must be from 0 to 1")
		}
	}
	if f.Fail+f.FailAfter+f.Hang+f.Garble > 1 {
		bad("Fail", "must not be above 1 together with FailAfter, Hang and Garble")
	}
	if f.Drop+f.Duplicate+f.Reorder > 1 {
		bad("Drop", "must not be above 1 together with Duplicate and Reorder")
	}
	if f.MaxDelay < 0 || f.MaxDelay == 0 && (f.Delay > 0 || f.Reorder > 0) {
		bad("MaxDelay", "must be positive with Delay or Reorder")
	}
	return errors.Join(errs...)
}

// Plan says what goes wrong now. It is safe for concurrent use. Make it with
// [NewPlan].
type Plan struct {
	seed     uint64
	now      atomic.Pointer[phase]
	calls    [kinds]atomic.Uint64
	injected atomic.Uint64
}

// phase is a time in which the faults of a plan stay the same.
type phase struct {
	Faults
	over chan struct{} // closed when the next begins
}

// The kinds of calls, each with a count of its own.
const (
	distributedCall = iota
	publication
	message
	marshal
	unmarshal
	memoryRead
	memoryWrite
	lockCall
	kinds
)

// NewPlan returns a plan without faults.
func NewPlan(seed uint64) *Plan {
	p := &Plan{seed: seed}
	p.now.Store(&phase{over: make(chan struct{})})
	return p
}

// Use puts f in the place of the faults so far; calls that hang go on. If f is
// not valid, it returns the error of [Faults.Validate] and changes nothing.
func (p *Plan) Use(f Faults) error {
	if err := f.Validate(); err != nil {
		return err
	}
	p.next(f)
	return nil
}

// Calm ends all faults.
func (p *Plan) Calm() { p.next(Faults{}) }

func (p *Plan) next(f Faults) {
	old := p.now.Swap(&phase{Faults: f, over: make(chan struct{})})
	close(old.over)
}

// Faults returns what goes wrong now.
func (p *Plan) Faults() Faults { return p.now.Load().Faults }

// Injected returns how many faults there have been, delays included.
func (p *Plan) Injected() uint64 { return p.injected.Load() }
