// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package natslock lends locks that all nodes share, on NATS JetStream: one KV
// bucket of its own, in memory by default.
//
//	js, err := jetstream.New(nc)
//	locks, err := natslock.New(js, "cache-locks", nil)
//	stack, err := hybrid.New(hybrid.Options{..., Locker: locks})
//
// It needs a server of version 2.11 or later with JetStream, in the account of the
// connection itself, not behind a domain or prefix.
//
// A lock is an entry whose life is the lease, rounded up to whole seconds; its
// revision tells the holder from all others and is the fence. The key is the
// SHA-256 of the name. A release is a marker, which the server delivers to those
// who wait like any message: they subscribe to its subject and ask once. One who
// died is waited for until the life ends that was known last.
//
// A bucket that has vanished, as one in memory does when its server restarts, is
// made again, and all locks are free. So a lock can be lent twice.
//
// # Permissions
//
// A user needs to publish to $KV.name.* and, behind $JS.API, to STREAM.INFO.KV_name,
// STREAM.MSG.GET.KV_name and, unless the bucket exists, INFO and
// STREAM.CREATE.KV_name; and to subscribe to $KV.name.* and its inboxes.
package natslock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/internal/natslink"
	"github.com/fusioncache-go/fusioncache/core"
)

// Locker is a [core.Locker] on one bucket. It is safe for many goroutines at once.
type Locker struct {
	js     jetstream.JetStream
	guard  *natslink.Guard
	bucket *bucket
	prefix string // of subjects
}

var _ core.Locker = (*Locker)(nil)

// New returns a locker on the bucket of the given name, which the first call makes
// unless it exists; New sends nothing. Wrong options are all named in one error.
// opts may be nil. The connection of js stays the caller's, who closes it, best after
// the locker; see natsdist.ConnOptions for what it should be like.
func New(js jetstream.JetStream, name string, opts *Options) (*Locker, error) {
	o := opts.withDefaults()
	if js == nil || js.Conn() == nil {
		return nil, errors.New("natslock: nil JetStream or connection")
	}
	if err := o.validate(js, name); err != nil {
		return nil, fmt.Errorf("natslock: %w", err)
	}
	return &Locker{
		js:     js,
		guard:  natslink.New(js.Conn(), maxCalls),
		bucket: newBucket(js, name, &o),
		prefix: "$KV." + name + ".",
	}, nil
}

// Close ends the use of the locker: all calls fail, those under way too. It waits for
// what hangs in the connection, and ends the locker's only goroutine, which ends with
// the connection otherwise. What is locked stays so until its lease ends. Closing
// twice is fine; the error is always nil.
func (l *Locker) Close() error {
	if l.guard.End() {
		l.guard.Wait()
	}
	return nil
}

// TryLock implements [core.Locker]. The ttl is rounded up to a second.
func (l *Locker) TryLock(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
	subject := l.subject(name)
	revision, err := call(ctx, l, ttl, func(ctx context.Context) (uint64, error) { return l.take(ctx, subject, ttl) })
	switch {
	case err != nil:
		return nil, fmt.Errorf("natslock: lock %q: %w", name, err)
	case revision == 0:
		return nil, nil
	}
	return &lease{
		locker: l, name: name, subject: subject, fence: revision, turn: make(chan struct{}, 1), revision: revision,
	}, nil
}

// take returns the revision of a lock that was taken, 0 if it is held.
func (l *Locker) take(ctx context.Context, subject string, ttl time.Duration) (revision uint64, err error) {
	var last uint64 // of the marker of a release
	for range maxTries {
		revision, err = l.put(ctx, subject, last, ttl)
		if !isConflict(err) {
			return revision, err
		}
		now, err := l.look(ctx, subject)
		if err != nil || now.held {
			return 0, err
		}
		last = now.revision
	}
	return 0, nil // somebody was faster each time
}

// maxTries is how often TryLock tries again when others take and release the lock
// in between.
const maxTries = 3

// Wait implements [core.Locker].
func (l *Locker) Wait(ctx context.Context, name string) error {
	_, err := call(ctx, l, 1, func(ctx context.Context) (struct{}, error) { return struct{}{}, l.wait(ctx, name) })
	if err != nil {
		return fmt.Errorf("natslock: wait for %q: %w", name, err)
	}
	return nil
}

func (l *Locker) wait(ctx context.Context, name string) error {
	subject := l.subject(name)
	news := make(chan *nats.Msg, 16)
	sub, err := l.js.Conn().ChanSubscribe(subject, news)
	if err != nil {
		return err
	}
	defer func() { _ = sub.Unsubscribe() }()
	var before state
	for {
		dropped, _ := sub.Dropped()
		now, err := l.look(ctx, subject)
		if err != nil || !now.held {
			return err
		}
		if before.over && before.revision == now.revision {
			now.life = overdue
		}
		freed, err := now.released(ctx, news, func() bool { n, _ := sub.Dropped(); return n != dropped })
		if err != nil || freed {
			return err
		}
		before = now
	}
}

// overdue is the pause between two looks at a lease that should have ended: the server
// is late.
const overdue = 100 * time.Millisecond

// state is what the bucket says of a lock.
type state struct {
	held     bool
	revision uint64        // of the last message, 0 if there is none
	life     time.Duration // for how long it is held at most
	over     bool          // that has passed
}

// look returns the state of the lock of a subject.
func (l *Locker) look(ctx context.Context, subject string) (state, error) {
	msg, err := l.bucket.get(ctx, subject)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return state{}, nil
	case err != nil:
		return state{}, err
	}
	// The age of the message would have to be told by two clocks.
	return state{held: !isMarker(msg.Header), revision: msg.Sequence, life: life(msg.Header)}, nil
}

// released waits for a release. It returns false when the lease has ended, or may
// have been renewed, and when news have been missed.
func (s *state) released(ctx context.Context, news <-chan *nats.Msg, missed func() bool) (bool, error) {
	timer := time.NewTimer(s.life)
	defer timer.Stop()
	for {
		select {
		case msg := <-news:
			if !s.knows(msg.Header) {
				return isMarker(msg.Header), nil
			}
			if missed() {
				return false, nil
			}
		case <-timer.C:
			s.over = true
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// knows reports whether a message does not change the state. Who waits hears all
// that is published, whether the server takes it or not. One that expects an older
// revision was refused, or came before: a try to take the lock, and what the holder
// of a lease that had ended has sent. Only the holder expects the present one.
func (s state) knows(h nats.Header) bool {
	expected, err := strconv.ParseUint(h.Get(jetstream.ExpectedLastSubjSeqHeader), 10, 64)
	return err == nil && expected < s.revision
}

// put stores a lock, if the last revision of its subject is the one expected.
func (l *Locker) put(ctx context.Context, subject string, expected uint64, ttl time.Duration) (uint64, error) {
	h := nats.Header{}
	h.Set(jetstream.MsgTTLHeader, seconds(ttl))
	return l.bucket.publish(ctx, subject, expected, h)
}

// subject returns that of a lock, whatever its name.
func (l *Locker) subject(name string) string {
	sum := sha256.Sum256([]byte(name))
	return l.prefix + hex.EncodeToString(sum[:])
}

// seconds returns a life as the server counts it, rounded up.
func seconds(ttl time.Duration) string {
	return strconv.FormatInt(int64((ttl+time.Second-1)/time.Second), 10)
}

// life returns for how long a message lives. The server is given a moment.
func life(h nats.Header) time.Duration {
	n, err := strconv.ParseInt(h.Get(jetstream.MsgTTLHeader), 10, 32)
	if err != nil {
		n = 1
	}
	return time.Duration(n)*time.Second + 50*time.Millisecond
}
