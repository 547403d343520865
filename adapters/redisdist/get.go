// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/core"
)

// getCmd is a GET that go-redis must not repeat, see [once], in one piece with its
// arguments.
type getCmd struct {
	redis.StringCmd
	args [2]any
}

// NoRetry overrides what the client is set to.
func (*getCmd) NoRetry() bool { return true }

func (c *getCmd) of(ctx context.Context, key string) {
	c.args = [2]any{"get", key}
	c.StringCmd = *redis.NewStringCmd(ctx, c.args[:]...)
}

// Get returns the bytes stored for key. A key that holds another type than a
// string is not a miss, but an error that wraps [core.ErrForeign].
//
// While as many reads as [Options].MaxReads are under way at a server, further ones
// wait for one of them to return and then go out together, in one pipeline. Each
// caller keeps its own deadline and can give up without harm to the others.
func (l *Layer) Get(ctx context.Context, key string) (data []byte, ok bool, err error) {
	cmd, err := l.reads.get(ctx, key)
	if err != nil {
		return nil, false, l.failure(ctx, "get", key, err)
	}
	got := l.got(ctx, key, cmd)
	return got.Data, got.OK, got.Err
}

// got is what a command that has been sent came to.
func (l *Layer) got(ctx context.Context, key string, cmd *getCmd) (got core.Got) {
	switch err := cmd.Err(); {
	case err == nil:
		got.Data, _ = cmd.Bytes()
		got.OK = true
	case !errors.Is(err, redis.Nil):
		got.Err = l.failure(ctx, "get", key, err)
	}
	return got
}

// getOne sends the command for key.
func (l *Layer) getOne(ctx context.Context, key string) (*getCmd, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cmd := new(getCmd)
	cmd.of(ctx, key)
	_ = l.client.Process(ctx, cmd) // the command has the error
	return cmd, nil
}

// getAll sends the commands for keys.
func (l *Layer) getAll(ctx context.Context, keys []string) []getCmd {
	cmds := make([]getCmd, len(keys))
	for i, key := range keys {
		cmds[i].of(ctx, key)
	}
	l.sendAll(ctx, keys, func(i int) redis.Cmder { return &cmds[i] })
	return cmds
}

// GetMany sends one pipeline of GET, in a cluster one to each master of some of the
// keys: what one of them fails to answer fails alone. MGET would be a miss for a key
// that holds another type, and fail in a cluster.
func (l *Layer) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	cmds := l.getAll(ctx, keys)
	out := make([]core.Got, len(keys))
	for i, key := range keys {
		out[i] = l.got(ctx, key, &cmds[i])
	}
	return out, nil
}
