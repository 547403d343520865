// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/core"
)

// lot holds the places of the calls that are under way in a layer.
type lot struct {
	places chan struct{} // one element for each place taken
	parked atomic.Int64  // calls that nobody waits for

	closing   chan struct{}
	closeOnce sync.Once
	closer    chan struct{} // its one element is the right to take places for good
	taken     int           // for good; belongs to whoever has the element of closer
}

func newLot(size int) *lot {
	l := &lot{places: make(chan struct{}, size), closing: make(chan struct{}), closer: make(chan struct{}, 1)}
	l.closer <- struct{}{}
	return l
}

// enter takes a place.
func (l *lot) enter(ctx context.Context) error {
	select {
	case <-l.closing:
		return ErrClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case l.places <- struct{}{}:
		return nil
	default:
	}
	if l.parked.Load() >= int64(cap(l.places)) {
		return ErrBusy
	}
	select {
	case l.places <- struct{}{}:
		return nil
	case <-l.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close waits until no place is taken, by taking all of them.
func (l *lot) close(ctx context.Context) error {
	l.closeOnce.Do(func() { close(l.closing) })
	select {
	case <-l.closer:
	case <-ctx.Done():
		return fmt.Errorf("deadline: close: %w", ctx.Err())
	}
	defer func() { l.closer <- struct{}{} }()
	for l.taken < cap(l.places) {
		select {
		case l.places <- struct{}{}:
			l.taken++
		case <-ctx.Done():
			left := len(l.places) - l.taken
			return fmt.Errorf("deadline: close: %d calls have not ended: %w", left, ctx.Err())
		}
	}
	return nil
}

// The states of a call.
const (
	awaited int32 = iota
	abandoned
	ended
)

type answer[T any] struct {
	value T
	err   error
}

// within makes the call on a goroutine of its own and waits for it within ctx and
// the limit.
func within[T any](
	ctx context.Context, t *timed, op, key string, call func(context.Context) (T, error),
) (none T, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	if err := t.lot.enter(ctx); err != nil {
		return none, refused(op, key, err)
	}
	answers := make(chan answer[T], 1)
	state := new(atomic.Int32)
	go func() {
		// Stands if the call ends the goroutine.
		a := answer[T]{err: &core.PanicError{Value: core.ErrGoexit}}
		defer func() {
			if v := recover(); v != nil {
				a.err = &core.PanicError{Value: v, Stack: debug.Stack()}
			}
			answers <- a
			if !state.CompareAndSwap(awaited, ended) {
				t.lot.parked.Add(-1)
			}
			<-t.lot.places
		}()
		a.value, a.err = call(ctx)
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
	}
	t.lot.parked.Add(1)
	if state.CompareAndSwap(awaited, abandoned) {
		return none, refused(op, key, ctx.Err())
	}
	t.lot.parked.Add(-1) // it has just ended: its answer is as good as any
	a := <-answers
	return a.value, a.err
}
