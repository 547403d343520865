// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redislock

import (
	"context"
	"crypto/sha1" // what EVALSHA names scripts by
	_ "embed"
	"encoding/hex"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/internal/redislink"
)

//go:embed take.lua
var takeScript string

//go:embed renew.lua
var renewScript string

//go:embed release.lua
var releaseScript string

// run runs a script on one key; its result is an integer. It takes one round
// trip, two when the server does not know the script yet.
func (l *Locker) run(ctx context.Context, script, name string, args ...any) (int64, error) {
	sum := sha1.Sum([]byte(script))
	rest := append([]any{1, name}, args...)
	cmd := redis.NewIntCmd(ctx, append([]any{"evalsha", hex.EncodeToString(sum[:])}, rest...)...)
	err := l.send(ctx, cmd)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		cmd = redis.NewIntCmd(ctx, append([]any{"eval", script}, rest...)...)
		err = l.send(ctx, cmd)
	}
	if err != nil {
		return 0, err
	}
	return cmd.Val(), nil
}

// send runs cmd once. A context that is done sends nothing.
func (l *Locker) send(ctx context.Context, cmd redis.Cmder) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := l.client.Process(ctx, once{cmd})
	redislink.SuspectTopology(ctx, l.client, err)
	return err
}

// once is a command that go-redis must not repeat: a lock that was taken by the
// first attempt would seem to be held by somebody else.
type once struct{ redis.Cmder }

// NoRetry overrides what the client is set to.
func (once) NoRetry() bool { return true }
