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

// maxLost is how often others may come between reading and writing before a
// write is set without a condition, or given up.
const maxLost = 8

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
// changed; then it begins again. After others have come between 8 times a forced
// write is set all the same, and others fail.
func (l *Layer) watched(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	for lost := range maxLost {
		if err := pause(ctx, lost); err != nil {
			return core.Ruling{}, err
		}
		var d core.Decision
		err := l.client.Watch(ctx, func(tx *redis.Tx) (err error) {
			if d, err = decide(ctx, tx, key, w); err != nil || !d.Store {
				return err
			}
			_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Process(ctx, setTo(ctx, key, d)) })
			return err
		}, key)
		if !errors.Is(err, redis.TxFailedErr) {
			return d.Ruling, err
		}
	}
	if w.Mode != core.Force {
		return core.Ruling{}, errContended
	}
	d, err := decide(ctx, l.client, key, w)
	if err == nil && d.Store {
		err = l.send(ctx, setTo(ctx, key, d))
	}
	return d.Ruling, err
}

// processor is what sends a command: a client, or a transaction.
type processor interface {
	Process(ctx context.Context, cmd redis.Cmder) error
}

func decide(ctx context.Context, via processor, key string, w core.Write) (core.Decision, error) {
	cmd := headerOf(ctx, key)
	if err := via.Process(ctx, once{cmd}); err != nil {
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
func pause(ctx context.Context, lost int) error {
	if lost < 2 || ctx.Err() != nil {
		return ctx.Err()
	}
	timer := time.NewTimer(rand.N(time.Millisecond << (lost - 2)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
