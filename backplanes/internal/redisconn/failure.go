// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package redisconn is what the backplanes on go-redis have in common: the errors
// that they return, and a watch over connections.
package redisconn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Failure returns what to wrap of an error of go-redis: it wraps the context's
// error if the context is done, and no other context's error, and repeats nothing
// that was sent to the server.
func Failure(ctx context.Context, err error) error {
	return withContext(Done(ctx), withoutArguments(err))
}

// reloader is the ability of a cluster's client to learn its topology anew.
type reloader interface {
	ReloadState(ctx context.Context)
}

// SuspectTopology asks the client of a cluster for a new map of slots when a node
// did not answer, or is not the one to ask any more. go-redis by itself learns of
// a promoted replica only with its next reload, up to a minute later. Reloads are
// limited by go-redis.
func SuspectTopology(ctx context.Context, client redis.UniversalClient, err error) {
	cluster, ok := client.(reloader)
	if !ok || errors.Is(err, redis.ErrClosed) {
		return
	}
	if _, moved := redis.IsMovedError(err); moved || !Answered(err) {
		cluster.ReloadState(ctx)
	}
}

// Answered reports whether err is a reply of the server.
func Answered(err error) bool {
	_, ok := errors.AsType[redis.Error](err)
	return ok
}

// Done returns the error of a done context. A deadline counts as soon as it
// has passed: the socket notices it before the timer of the context does.
func Done(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// withContext makes err wrap done, and no context's error if done is nil: a limit
// of the client's own must not be taken for the caller's.
func withContext(done, err error) error {
	switch {
	case done == nil && errors.Is(err, context.DeadlineExceeded):
		return clientTimeout("client timeout: " + err.Error())
	case done == nil || errors.Is(err, done):
		return err
	}
	return fmt.Errorf("%w: %w", done, err)
}

// clientTimeout is a time limit of the client that has passed. It implements the
// Timeout method of [net.Error].
type clientTimeout string

func (e clientTimeout) Error() string { return string(e) }

// Timeout reports true.
func (clientTimeout) Timeout() bool { return true }

// argumentsEcho begins the part of a server's reply that repeats what it was
// sent: for a disabled PUBLISH the message, for a disabled AUTH the password.
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
