// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsbus

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fusioncache-go/fusioncache/core"
)

const (
	checkEvery   = time.Second
	answerWithin = 1500 * time.Millisecond
)

// ErrStalled is wrapped by the error of Subscribe when the server does not
// answer on a connection that looks good. Subscribe again: that fails until the
// server answers, or until the connection has noticed and has been replaced.
var ErrStalled = errors.New("server does not answer")

// session is one subscription. It survives reconnections.
type session struct {
	*Backplane

	sub  *nats.Subscription
	seen error // of the connection, before the newest attempt to join
	due  bool  // the server may not have the subscription

	mu      sync.Mutex // held during calls to the subscriber
	to      core.Subscriber
	joined  bool
	dropped int // messages that the subscriber knows to be lost
}

func newSession(b *Backplane, to core.Subscriber) *session {
	return &session{Backplane: b, to: to, due: true}
}

// run subscribes and delivers. When it returns, no goroutine is left.
func (s *session) run(ctx context.Context) error {
	events := s.conn.StatusChanged(nats.CONNECTED, nats.CLOSED)
	defer s.conn.RemoveStatusListener(events)
	if err := s.subscribe(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var reader sync.WaitGroup
	reader.Go(func() { cancel(s.read(ctx)) })
	err := s.watch(ctx, events)
	cancel(nil)
	reader.Wait()
	_ = s.sub.Unsubscribe() // fails only if it has ended otherwise
	return err
}

func (s *session) subscribe() error {
	s.seen = s.conn.LastError()
	sub, err := s.conn.SubscribeSync(s.subject)
	if err != nil {
		return err
	}
	s.sub = sub
	return sub.SetPendingLimits(s.options.PendingMessages, s.options.PendingBytes)
}

// read delivers until ctx or the subscription ends, and returns the reason.
func (s *session) read(ctx context.Context) error {
	for {
		msg, err := s.sub.NextMsgWithContext(ctx)
		switch {
		case err == nil:
			s.deliver(msg.Data)
		case errors.Is(err, nats.ErrNoResponders):
			s.deliver(nil) // somebody sent an empty message with the header of that error
		case errors.Is(err, nats.ErrSlowConsumer):
			s.reportDropped()
		default:
			return err
		}
	}
}

// watch joins, reports what happens to the connection, and asks the server for
// signs of life, until ctx ends or the subscription is lost.
func (s *session) watch(ctx context.Context, events <-chan nats.Status) error {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	err := s.join(ctx)
	for err == nil {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-events: // connected or closed
			s.due = true
			err = s.join(ctx)
		case <-tick.C:
			err = s.check(ctx)
		}
	}
	return err
}

// check looks for what nobody has reported.
func (s *session) check(ctx context.Context) error {
	s.reportDropped()
	down := s.link.Err()
	switch {
	case errors.Is(down, nats.ErrConnectionClosed):
		return down
	case down != nil:
		return nil // it will be repaired
	case s.due:
		return s.join(ctx)
	}
	_, err := s.answers(ctx)
	return err
}

// join waits until the server has registered the subscription, which the client
// has sent before, and reports it. If the connection breaks meanwhile, joining
// stays due.
func (s *session) join(ctx context.Context) error {
	answered, err := s.answers(ctx)
	if !answered {
		return err
	}
	if err := s.denied(); err != nil {
		return err
	}
	s.due = false
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joined = true
	s.dropped = s.droppedNow()
	s.to.Joined(false)
	return nil
}

// answers makes a round trip to the server. A connection that breaks is no
// error as long as it will be repaired.
func (s *session) answers(ctx context.Context) (bool, error) {
	limited, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	err := s.conn.FlushWithContext(limited)
	down := s.link.Err()
	switch {
	case err == nil:
		return true, nil
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	case errors.Is(down, nats.ErrConnectionClosed):
		return false, down
	case errors.Is(err, context.DeadlineExceeded) && down == nil:
		return false, ErrStalled
	}
	return false, nil
}

// denied returns the error of the server if it has refused the subscription,
// which it does by a message that belongs to no call.
func (s *session) denied() error {
	err := s.conn.LastError()
	fresh := err != s.seen
	s.seen = err
	if fresh && errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(), `"`+s.subject+`"`) {
		return err
	}
	return nil
}

// deliver hands over a message, unless it was published before the subscriber
// was told that it has joined.
func (s *session) deliver(msg []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joined {
		s.report()
		s.to.Message(msg)
	}
}

func (s *session) reportDropped() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joined {
		s.report()
	}
}

// report tells the subscriber if messages were dropped since it was last told.
func (s *session) report() {
	if n := s.droppedNow(); n != s.dropped {
		s.dropped = n
		s.to.Joined(false)
	}
}

// droppedNow returns how many messages were dropped so far.
func (s *session) droppedNow() int {
	n, err := s.sub.Dropped()
	if err != nil {
		return s.dropped // the subscription has ended
	}
	return n
}
