// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisstream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/backplanes/internal/redisconn"
	"github.com/fusioncache-go/fusioncache/core"
)

// batch is how many messages are read at a time.
const batch = 128

// The pauses between attempts to connect again: the first, and the longest. Each
// is shortened by up to a half at random, so that nodes do not come in step.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
)

// Subscribe delivers messages to s, in the calling goroutine, until ctx ends or
// the subscription is lost; see [core.Backplane]. All subscribers get all
// messages in one order. A broken or stalled connection is replaced, again and
// again for as long as Options.Repair, and each repair is reported by Joined:
// true when the messages that s has not had are still in the stream, and are
// delivered next. Joined(false) is also how a subscriber hears that it was so slow
// that messages were trimmed before it took them. A refusal of the server ends
// the subscription.
func (b *Backplane) Subscribe(ctx context.Context, s core.Subscriber) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := (&session{Backplane: b, to: s}).run(ctx)
	if done := redisconn.Done(ctx); done != nil {
		return done
	}
	return b.failure(ctx, "subscription to", err)
}

// session is one subscription. It survives its connections.
type session struct {
	*Backplane
	to     core.Subscriber
	last   string // ID of the last entry that the subscriber has had; there was such an entry
	server string // where it was
	buf    []byte // of the message under way
}

func (s *session) run(ctx context.Context) error {
	if err := s.ping(ctx); err != nil {
		return err // a client that is closed, for one
	}
	l, err := s.open(ctx)
	if err == nil {
		err = s.begin(ctx, l)
	}
	for err == nil {
		if err = s.follow(ctx, l); !redisconn.Answered(err) {
			l, err = s.repair(ctx, err)
		}
	}
	return err
}

// begin joins at the end of the stream.
func (s *session) begin(ctx context.Context, l *link) error {
	if err := s.skip(ctx, l); err != nil {
		l.end()
		return err
	}
	s.server = l.server
	s.to.Joined(false)
	return nil
}

// follow delivers what comes until the connection breaks.
func (s *session) follow(ctx context.Context, l *link) error {
	defer l.end()
	for {
		r, err := s.read(ctx, l, s.options.Liveness)
		if err != nil {
			return err
		}
		if !r.whole {
			if err := s.gap(ctx, l, r); err != nil {
				return err
			}
			s.to.Joined(false)
		}
		if err := s.deliver(ctx, r.entries); err != nil {
			return err
		}
	}
}

// repair connects again after the connection broke with the error cause.
func (s *session) repair(ctx context.Context, cause error) (*link, error) {
	giveUp := time.Now().Add(s.options.Repair)
	pause := firstPause
	for ctx.Err() == nil {
		redisconn.SuspectTopology(ctx, s.client, cause)
		l, err := s.rejoin(ctx)
		if err == nil {
			return l, nil
		}
		if redisconn.Answered(err) || errors.Is(err, redis.ErrClosed) || time.Now().After(giveUp) {
			return nil, err
		}
		cause = err
		sleep(ctx, pause-rand.N(pause/2))
		pause = min(2*pause, longestPause)
	}
	return nil, ctx.Err()
}

// rejoin makes one attempt: connects, and looks whether the last entry that the
// subscriber has had is still there.
func (s *session) rejoin(ctx context.Context) (*link, error) {
	l, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.resume(ctx, l); err != nil {
		l.end()
		return nil, err
	}
	return l, nil
}

func (s *session) resume(ctx context.Context, l *link) error {
	r, err := s.read(ctx, l, 0)
	if err == nil && !r.whole {
		err = s.gap(ctx, l, r)
	}
	if err != nil {
		return err
	}
	same := l.server != "" && l.server == s.server
	s.server = l.server
	s.to.Joined(r.whole && same)
	return s.deliver(ctx, r.entries)
}

// gap prepares to go on after what the subscriber has had: behind what was read,
// or else at the end of the stream, which was deleted or has gone back in time.
func (s *session) gap(ctx context.Context, l *link, r reading) error {
	if len(r.entries) > 0 {
		return nil
	}
	return s.skip(ctx, l)
}

// reading is what was read at one time.
type reading struct {
	entries []redis.XMessage
	whole   bool // nothing is missing between s.last and entries
}

// read asks for the entries behind s.last, and waits for the first as long as
// wait. The question after it is whether s.last is still there: as the oldest
// entries are trimmed first, all behind it were there too.
func (s *session) read(ctx context.Context, l *link, wait time.Duration) (reading, error) {
	within, cancel := context.WithTimeout(ctx, wait+s.options.Liveness)
	defer cancel()
	if wait == 0 {
		wait = -1 // none; zero would be without an end
	}
	pipe := l.Pipeline()
	behind := pipe.XRead(within, &redis.XReadArgs{Streams: []string{s.stream, s.last}, Count: batch, Block: wait})
	anchor := pipe.XRangeN(within, s.stream, s.last, s.last, 1)
	_, _ = pipe.Exec(within) // each command has its error
	if err := behind.Err(); err != nil && !errors.Is(err, redis.Nil) {
		return reading{}, s.stalled(ctx, within, err)
	}
	if err := anchor.Err(); err != nil {
		return reading{}, s.stalled(ctx, within, err)
	}
	r := reading{whole: len(anchor.Val()) == 1}
	for _, stream := range behind.Val() {
		r.entries = append(r.entries, stream.Messages...)
	}
	return r, nil
}

// stalled makes ErrStalled of the end of our own patience.
func (s *session) stalled(ctx, within context.Context, err error) error {
	if redisconn.Done(within) != nil && redisconn.Done(ctx) == nil {
		return fmt.Errorf("%w: %w", ErrStalled, err)
	}
	return err
}

// skip makes the newest entry the last that the subscriber has had. To an empty
// stream it adds one, so that a deletion shows.
func (s *session) skip(ctx context.Context, l *link) error {
	within, cancel := context.WithTimeout(ctx, s.options.Liveness)
	defer cancel()
	newest, err := l.XRevRangeN(within, s.stream, "+", "-", 1).Result()
	if err == nil && len(newest) == 1 {
		s.last = newest[0].ID
		return nil
	}
	if err == nil {
		cmd := redis.NewStringCmd(within, s.entry(markField, "")...)
		if err = l.Process(within, cmd); err == nil {
			s.last = cmd.Val()
			return nil
		}
	}
	return s.stalled(ctx, within, err)
}

// deliver hands over the messages among entries.
func (s *session) deliver(ctx context.Context, entries []redis.XMessage) error {
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if msg, ok := e.Values[messageField].(string); ok {
			s.buf = append(s.buf[:0], msg...)
			s.to.Message(s.buf)
		}
		s.last = e.ID
	}
	if cap(s.buf) > 2*MaxMessageLen {
		s.buf = nil
	}
	return nil
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
