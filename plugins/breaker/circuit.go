// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/fusioncache-go/fusioncache/core"
)

// The verdicts on a call besides nil, its success. They stand in for the call's
// own error, so that the state machine, which asks under its lock, has nothing
// to judge.
var (
	errFailed    = errors.New("call failed")
	errNoVerdict = errors.New("call says nothing about the layer")
)

// maxChanges bounds the changes of state that wait for a listener that is slow.
const maxChanges = 1024

// circuit is the breaker of one layer.
type circuit struct {
	level core.Level
	opts  LayerOptions
	emit  func(core.Event)

	// mu is held around every call of gate, so that the fields below agree with
	// the state machine. It is released with unlock.
	mu      sync.Mutex
	gate    *gobreaker.TwoStepCircuitBreaker[struct{}]
	state   State
	probe   *ticket  // under way; nil unless half-open
	changes []string // not yet told
	telling bool
}

// ticket is the permission for one call.
type ticket struct {
	done  func(verdict error)
	until time.Time // of a probe: when it counts as failed
}

func newCircuit(level core.Level, opts LayerOptions, emit func(core.Event)) *circuit {
	c := &circuit{level: level, opts: opts, emit: emit, state: Closed}
	c.gate = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:   1,
		Timeout:       opts.OpenFor,
		ReadyToTrip:   func(n gobreaker.Counts) bool { return int64(n.ConsecutiveFailures) >= int64(opts.Failures) },
		IsExcluded:    func(verdict error) bool { return verdict == errNoVerdict },
		OnStateChange: func(_ string, from, to gobreaker.State) { c.changed(stateOf(from), stateOf(to)) },
	})
	return c
}

// do makes the call if the circuit lets it through.
func (c *circuit) do(ctx context.Context, call func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("circuit breaker: call not made: %w", err)
	}
	t, err := c.admit(ctx)
	if err != nil {
		return err
	}
	verdict := errFailed // stands if the call panics or ends its goroutine
	defer func() { c.report(t, verdict) }()
	limited, cancel := t.limit(ctx)
	defer cancel()
	err = call(limited)
	verdict = c.judge(ctx, err)
	return err
}

// admit returns the permission for a call, or the reason why there is none.
func (c *circuit) admit(ctx context.Context) (*ticket, error) {
	c.mu.Lock()
	defer c.unlock()
	if c.probe != nil && !time.Now().Before(c.probe.until) {
		c.settle(c.probe, errFailed)
	}
	done, err := c.gate.Allow()
	switch {
	case errors.Is(err, gobreaker.ErrTooManyRequests):
		return nil, errProbing
	case err != nil:
		return nil, ErrOpen
	}
	t := &ticket{done: done}
	if c.state == HalfOpen {
		t.until = time.Now().Add(c.opts.OpenFor)
		if deadline, ok := ctx.Deadline(); ok {
			t.until = deadline
		}
		c.probe = t
	}
	return t, nil
}

// limit gives a probe its deadline.
func (t *ticket) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if t.until.IsZero() {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, t.until)
}

// judge turns the outcome of a call into a verdict on the layer.
func (c *circuit) judge(ctx context.Context, err error) error {
	switch {
	case err == nil, errors.Is(err, core.ErrForeign): // the layer has answered
		return nil
	case errors.Is(ctx.Err(), context.Canceled),
		errors.Is(err, core.ErrTooLarge), errors.Is(err, core.ErrNoRoom),
		errors.Is(err, core.ErrKey),
		errors.Is(err, errors.ErrUnsupported),
		c.opts.Ignore != nil && c.opts.Ignore(err):
		return errNoVerdict
	}
	return errFailed
}

func (c *circuit) report(t *ticket, verdict error) {
	c.mu.Lock()
	defer c.unlock()
	c.settle(t, verdict)
}

// settle hands the verdict to the state machine. That ignores what a probe which
// was given up brings at last: it belongs to a state that has ended.
func (c *circuit) settle(t *ticket, verdict error) {
	if c.probe == t {
		c.probe = nil
	}
	t.done(verdict)
}

func (c *circuit) current() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// changed notes a change of state. It is called under the state machine's lock
// and c.mu, so listeners have to wait until both are released.
func (c *circuit) changed(from, to State) {
	c.state = to
	c.changes = append(c.changes, from.String()+" -> "+to.String())
	if len(c.changes) > maxChanges {
		c.changes = c.changes[1:]
	}
}

// unlock releases mu and then tells the listeners what has changed. One
// goroutine at a time tells, so that they hear everything in order; what changes
// meanwhile, also by a call that a listener makes, is told by that goroutine.
func (c *circuit) unlock() {
	defer c.mu.Unlock()
	if c.telling || len(c.changes) == 0 {
		return
	}
	c.telling = true
	defer func() { c.telling = false }()
	for len(c.changes) > 0 {
		change := c.changes[0]
		c.changes = c.changes[1:]
		c.tell(change)
	}
}

// tell emits one event while mu is released, and takes mu again in any case.
func (c *circuit) tell(change string) {
	c.mu.Unlock()
	defer c.mu.Lock()
	c.emit(core.Event{Kind: core.BreakerChanged, Level: c.level, Detail: change})
}
