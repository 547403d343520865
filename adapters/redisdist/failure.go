// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/internal/redislink"
	"github.com/fusioncache-go/fusioncache/core"
)

// failure makes the error of a method: it names operation and key, wraps the
// context's error if the context is done, and holds no secret.
func (l *Layer) failure(ctx context.Context, op, key string, err error) error {
	redislink.SuspectTopology(ctx, l.client, err)
	if isOtherType(err) {
		err = fmt.Errorf("%w: %w", core.ErrForeign, err)
	}
	if redis.IsOOMError(err) {
		err = fmt.Errorf("%w: %w", core.ErrNoRoom, err)
	}
	err = withContext(doneErr(ctx), withoutArguments(err))
	if key == "" {
		return fmt.Errorf("redisdist: %s: %w", op, err)
	}
	return fmt.Errorf("redisdist: %s %q: %w", op, key, err)
}

// isOtherType reports whether err says that a key holds a list, a hash or the like.
// Of a script, old servers say it in the middle.
func isOtherType(err error) bool {
	reply, ok := errors.AsType[redis.Error](err)
	return ok && strings.Contains(reply.Error(), "WRONGTYPE")
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
// sent: for a disabled SET the value, for a disabled AUTH the password.
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
