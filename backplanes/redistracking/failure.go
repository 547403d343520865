// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// failure makes the error of a method: it names operation and prefixes, wraps the
// context's error if the context is done, and no other context's error, and holds
// no secret.
func (b *Backplane) failure(ctx context.Context, op string, err error) error {
	b.suspectTopology(ctx, err)
	switch done := doneErr(ctx); {
	case done == nil && errors.Is(err, context.DeadlineExceeded):
		err = clientTimeout("client timeout: " + err.Error())
	case done != nil && !errors.Is(err, done):
		err = fmt.Errorf("%w: %w", done, err)
	}
	return fmt.Errorf("redistracking: %s %q: %w", op, b.prefixes, withoutArguments(err))
}

// reloader is the ability of a cluster's client to learn its topology anew.
type reloader interface {
	ReloadState(ctx context.Context)
}

// suspectTopology asks the client of a cluster for a new map of slots when a node
// did not answer. Reloads are limited by go-redis.
func (b *Backplane) suspectTopology(ctx context.Context, err error) {
	cluster, ok := b.client.(reloader)
	if !ok || errors.Is(err, redis.ErrClosed) {
		return
	}
	if _, answered := errors.AsType[redis.Error](err); !answered {
		cluster.ReloadState(ctx)
	}
}

// doneErr returns the error of a done context. A deadline counts as soon as it
// has passed: the socket notices it before the timer of the context does.
func doneErr(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// clientTimeout is a time limit of the client that has passed. It implements the
// Timeout method of [net.Error].
type clientTimeout string

func (e clientTimeout) Error() string { return string(e) }

// Timeout reports true.
func (clientTimeout) Timeout() bool { return true }

// argumentsEcho begins the part of a server's reply that repeats what it was
// sent: for a disabled AUTH, the password.
const argumentsEcho = ", with args beginning with"

// withoutArguments returns err without arguments that the server repeats.
func withoutArguments(err error) error {
	text, _, found := strings.Cut(err.Error(), argumentsEcho)
	if !found {
		return err
	}
	return replyError(text)
}

// replyError is a shortened error reply. It implements [redis.Error].
type replyError string

func (e replyError) Error() string { return string(e) }

// RedisError marks a reply of the server, as opposed to a failed connection.
func (replyError) RedisError() {}
