// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// fault is what a call or a message meets.
type fault uint8

const (
	none fault = iota
	fail
	failAfter
	hang
	garble
	drop
	duplicate
	reorder
)

// dice are the randomness of one call.
type dice struct {
	plan *Plan
	*phase
	rng *rand.Rand
}

func (p *Plan) roll(kind int) dice {
	n := p.calls[kind].Add(1)
	return dice{plan: p, phase: p.now.Load(), rng: rand.New(rand.NewPCG(p.seed+uint64(kind)<<32, n))}
}

// option is a fault and its share.
type option struct {
	fault fault
	share float64
}

// pick returns one of the options or none.
func (d dice) pick(options ...option) fault {
	at := d.rng.Float64()
	for _, o := range options {
		if at < o.share {
			return o.fault
		}
		at -= o.share
	}
	return none
}

// ofCall returns what a call or a publication meets.
func (d dice) ofCall() fault {
	return d.pick(option{fail, d.Fail}, option{failAfter, d.FailAfter}, option{hang, d.Hang}, option{garble, d.Garble})
}

// ofMessage returns what a message meets.
func (d dice) ofMessage() fault {
	return d.pick(option{drop, d.Drop}, option{duplicate, d.Duplicate}, option{reorder, d.Reorder})
}

// garbles reports whether the bytes of a message or a serializer are changed.
func (d dice) garbles() bool { return d.pick(option{garble, d.Garble}) == garble }

// fails reports whether a call of a serializer fails.
func (d dice) fails() bool {
	if d.pick(option{fail, d.Fail}) == none {
		return false
	}
	d.count()
	return true
}

// count notes that a fault takes place.
func (d dice) count() { d.plan.injected.Add(1) }

// delay returns how much longer it takes.
func (d dice) delay() time.Duration {
	hit, extra := d.rng.Float64() < d.Delay, d.rng.Float64()
	if !hit {
		return 0
	}
	d.count()
	return time.Duration(extra * float64(d.MaxDelay))
}

// garbled returns changed bytes, in a slice of their own.
func (d dice) garbled(data []byte) []byte {
	d.count()
	changed := append([]byte(nil), data...)
	switch way := d.rng.IntN(3); {
	case len(changed) == 0:
		changed = []byte{byte(d.rng.Uint32())}
	case way == 0:
		changed[d.rng.IntN(len(changed))] ^= 1 << d.rng.IntN(8)
	case way == 1:
		changed = changed[:d.rng.IntN(len(changed))]
	default:
		for i := range changed {
			changed[i] = byte(d.rng.Uint32())
		}
	}
	return changed
}

// carryOut makes a call that meets what the dice say, and returns that, too. An
// error of the call's own passes as it is, that of a fault names op and key. With
// a context that is done already nothing can go wrong that would not anyway.
func (d dice) carryOut(ctx context.Context, op, key string, call func() error) (fault, error) {
	if ctx.Err() != nil {
		return none, call()
	}
	met, early := d.ofCall(), d.rng.IntN(2) == 0
	if err := wait(ctx, d.delay()); err != nil {
		return met, failed(op, key, err)
	}
	switch met {
	case fail:
		d.count()
		return met, failed(op, key, ErrInjected)
	case failAfter:
		d.count()
		_ = call() // its outcome is what gets lost
		return met, failed(op, key, ErrInjected)
	case hang:
		d.count()
		if early {
			err := call()
			call = func() error { return err }
		}
		if err := d.stall(ctx); err != nil {
			return met, failed(op, key, err)
		}
	}
	return met, call()
}

// wait holds a call up, unless ctx ends first.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stall holds a call up for the rest of the phase.
func (d dice) stall(ctx context.Context) error {
	end := ctx.Done()
	if d.Deaf {
		end = nil
	}
	select {
	case <-d.over:
		return nil
	case <-end:
		return ctx.Err()
	}
}

func failed(op, key string, err error) error {
	if key == "" {
		return fmt.Errorf("chaos: %s: %w", op, err)
	}
	return fmt.Errorf("chaos: %s %q: %w", op, key, err)
}
