// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/core"
)

const (
	// maxTries is how often a write is tried in which another one comes between
	// reading and writing. The pauses take 2 s altogether at the most, on the
	// average half of that.
	maxTries = 64

	maxPause = 32 * time.Millisecond // between two attempts
)

var errContended = errors.New("others write all the time")

// scriptsForbidden reports whether err is the refusal of EVAL or EVALSHA, by the
// permissions of the user or because the server has no such command. It is not
// that of a key, or of a command in the script.
func scriptsForbidden(err error) bool {
	reply, ok := errors.AsType[redis.Error](err)
	if !ok {
		return false
	}
	text := strings.ToLower(reply.Error())
	return strings.HasPrefix(text, "err unknown command") ||
		strings.HasPrefix(text, "noperm") && strings.Contains(text, "'eval")
}

// watched does what the script does, for servers that run none: it watches the
// key, reads, decides, and writes in a transaction that fails if the key has
// changed; then it begins again. It never sets anything without that condition,
// not even by force: a version that is not above the one that it replaces would
// be taken for the older one by nodes that have heard of both.
//
// If the server is full, it takes away what it would have replaced; see makeRoom.
func (l *Layer) watched(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	for tries := range maxTries {
		if err := pause(ctx, tries); err != nil {
			return core.Ruling{}, err
		}
		d, err := l.attempt(ctx, key, w)
		switch {
		case errors.Is(err, redis.TxFailedErr):
			continue
		case redis.IsOOMError(err) && w.Mode != core.Fill:
			return core.Ruling{}, errors.Join(err, l.makeRoom(ctx, key))
		}
		return d.Ruling, err
	}
	return core.Ruling{}, errContended
}

// attempt is one try of watched.
func (l *Layer) attempt(ctx context.Context, key string, w core.Write) (d core.Decision, err error) {
	err = l.client.Watch(ctx, func(tx *redis.Tx) (err error) {
		if d, err = decide(ctx, tx, key, w); err != nil || !d.Store {
			return err
		}
		set := setTo(ctx, key, d)
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Process(ctx, set) })
		if redis.IsExecAbortError(err) && set.Err() != nil {
			err = set.Err() // why it was not even queued
		}
		return err
	}, key)
	return d, err
}

// makeRoom takes away what a write would have replaced that a full server has refused.
// Such a server queues nothing for a transaction, nor is there room for a tombstone: what
// comes in between is lost, too, and a load from before may store what it has read once
// there is room. A user who may run scripts has neither weakness.
func (l *Layer) makeRoom(ctx context.Context, key string) error {
	return l.send(ctx, redis.NewIntCmd(ctx, "unlink", key))
}

func decide(ctx context.Context, tx *redis.Tx, key string, w core.Write) (core.Decision, error) {
	cmd := headerOf(ctx, key)
	if err := tx.Process(ctx, once{cmd}); err != nil {
		return core.Decision{}, err
	}
	current, err := cmd.Bytes()
	return w.Decide(current), err
}

// headerOf is the command that reads the first bytes of a value.
func headerOf(ctx context.Context, key string) *redis.StringCmd {
	return redis.NewStringCmd(ctx, "getrange", key, 0, core.HeaderSize-1)
}

// setTo is the command that stores what was decided.
func setTo(ctx context.Context, key string, d core.Decision) redis.Cmder {
	return once{setCmd(ctx, key, d.Data, d.TTL)}
}

// pause waits at random, not at all before the first two attempts, up to 1 ms
// before the third and up to twice as long before each further one, so that those
// who met do not meet again.
func pause(ctx context.Context, tries int) error {
	if tries < 2 || ctx.Err() != nil {
		return ctx.Err()
	}
	limit := min(time.Millisecond<<min(tries-2, 10), maxPause)
	timer := time.NewTimer(rand.N(limit))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
