// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsstream

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/core"
)

// The pauses between attempts to reach the stream again: the first, and the
// longest. Each is shortened by up to a half at random, so that nodes do not come
// in step.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
)

// session is one subscription. It survives its connections and consumers.
type session struct {
	*Backplane
	to     core.Subscriber
	events chan nats.Status // changes of the connection
	made   time.Time        // when the stream was made
	last   uint64           // the last message that the subscriber has had
	stored time.Time        // when that was stored
}

func (s *session) run(ctx context.Context) error {
	s.events = s.js.Conn().StatusChanged(nats.CONNECTED, nats.RECONNECTING, nats.CLOSED)
	defer s.js.Conn().RemoveStatusListener(s.events)
	r, err := s.join(ctx)
	for err == nil {
		if err = s.follow(ctx, r); ctx.Err() == nil && transient(err) {
			r, err = s.repair(ctx, err)
		}
	}
	return err
}

// join makes one attempt to reach the stream, and goes on behind the last message
// that the subscriber has had, if nothing is missing there, or at the end.
func (s *session) join(ctx context.Context) (*reader, error) {
	within, cancel := context.WithTimeout(ctx, askEvery+answerWithin)
	defer cancel()
	for len(s.events) > 0 {
		<-s.events
	}
	stream, err := s.find(within)
	if err != nil {
		return nil, s.stalled(ctx, err)
	}
	info := stream.CachedInfo()
	whole, err := s.whole(within, stream, info)
	if err != nil {
		return nil, s.stalled(ctx, err)
	}
	start := s.last
	if !whole {
		start = info.State.LastSeq
	}
	r, err := s.newReader(within, start+1)
	if err != nil {
		return nil, s.stalled(ctx, err)
	}
	if !whole {
		s.made, s.last, s.stored = info.Created, start, info.State.LastTime
	}
	s.to.Joined(whole)
	return r, nil
}

// whole reports whether the stream has everything that the subscriber has not
// had. If it still has the last message that the subscriber has had, that must be
// the very same: a stream that was restored may have lost messages and used their
// numbers again.
func (s *session) whole(ctx context.Context, stream jetstream.Stream, info *jetstream.StreamInfo) (bool, error) {
	first, last := info.State.FirstSeq, info.State.LastSeq
	if s.made.IsZero() || !s.made.Equal(info.Created) || first > s.last+1 || last < s.last {
		return false, nil
	}
	if first > s.last {
		return true, nil
	}
	msg, err := stream.GetMsg(ctx, s.last)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	return err == nil && msg.Time.Equal(s.stored), err
}

// stalled tells the reason for the end of our own patience.
func (s *session) stalled(ctx context.Context, err error) error {
	if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return err
	}
	return cmp.Or(s.link.Err(), ErrStalled)
}

// follow delivers what comes until the reader cannot go on.
func (s *session) follow(ctx context.Context, r *reader) error {
	defer r.close(ctx)
	patience := time.NewTimer(askEvery + answerWithin)
	defer patience.Stop()
	for {
		if err := r.ask(); err != nil {
			return err
		}
		patience.Reset(askEvery + answerWithin)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-patience.C:
			return ErrStalled
		case <-s.events: // perhaps repaired already, but the question is lost
			return cmp.Or(s.link.Err(), nats.ErrDisconnected)
		case msg := <-r.msgs:
			meta, err := r.sort(msg)
			if err != nil {
				return err
			}
			if meta != nil && ctx.Err() == nil {
				s.deliver(meta, msg.Data)
			}
		}
	}
}

// deliver hands over a message of the stream, whose numbers leave nothing out.
func (s *session) deliver(meta *nats.MsgMetadata, data []byte) {
	seq := meta.Sequence.Stream
	if seq <= s.last {
		return
	}
	if seq != s.last+1 {
		s.to.Joined(false)
	}
	s.last, s.stored = seq, meta.Timestamp
	s.to.Message(data)
}

// repair reaches the stream again after the reader ended with the error cause.
func (s *session) repair(ctx context.Context, cause error) (*reader, error) {
	giveUp := time.Now().Add(s.options.Repair)
	pause := firstPause
	for ctx.Err() == nil {
		err := s.link.Err()
		if err == nil {
			var r *reader
			if r, err = s.join(ctx); err == nil {
				return r, nil
			}
		}
		if !transient(err) || errors.Is(err, nats.ErrConnectionClosed) || time.Now().After(giveUp) {
			return nil, errors.Join(err, cause)
		}
		s.wait(ctx, pause-rand.N(pause/2))
		pause = min(2*pause, longestPause)
	}
	return nil, ctx.Err()
}

// wait waits for d, for a change of the connection or for the end of ctx.
func (s *session) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-s.events:
	case <-timer.C:
	}
}
