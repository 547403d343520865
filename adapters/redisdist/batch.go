// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/core"
)

var (
	_ core.BatchReader  = (*Layer)(nil)
	_ core.BatchArbiter = (*Layer)(nil)

	_ core.BatchHeaderReader = (*Layer)(nil)
)

// ReadHeaders sends one pipeline of GETRANGE, in a cluster one to each master of some
// of the keys: what one of them fails to answer fails alone.
func (l *Layer) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	cmds := make([]*redis.StringCmd, len(keys))
	for i, key := range keys {
		cmds[i] = headerOf(ctx, key)
	}
	l.sendAll(ctx, keys, func(i int) redis.Cmder { return cmds[i] })
	out := make([]core.Got, len(keys))
	for i, key := range keys {
		out[i] = l.header(ctx, key, cmds[i])
	}
	return out, nil
}

// ArbitrateMany sends one pipeline of scripts, in a cluster one to each master of some
// of the keys, and up to three more if a server does not know the script yet. Where
// scripts are refused it makes one [Layer.Arbitrate] after another.
func (l *Layer) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	out := make([]core.Ruled, len(writes))
	var todo []int
	for i, w := range writes {
		var done bool
		if out[i].Ruling, done, out[i].Err = precheck(w.Key, w.Write); !done {
			todo = append(todo, i)
		}
	}
	todo = l.scriptMany(ctx, writes, out, todo, byName)
	if len(todo) > 1 {
		first := l.scriptMany(ctx, writes, out, todo[:1], bySource) // it teaches the server the name
		todo = append(first, l.scriptMany(ctx, writes, out, todo[1:], byName)...)
	}
	for _, i := range l.scriptMany(ctx, writes, out, todo, bySource) {
		out[i].Ruling, out[i].Err = l.Arbitrate(ctx, writes[i].Key, writes[i].Write)
	}
	return out, nil
}

// scriptMany runs the script for the writes in todo, and returns those for which
// it did not run because it is not known or not allowed, or came too late.
func (l *Layer) scriptMany(ctx context.Context, writes []core.KeyWrite, out []core.Ruled, todo []int, how calling) (again []int) {
	if l.scriptless.Load() || len(todo) == 0 {
		return todo
	}
	keys, cmds := make([]string, len(todo)), make([]scriptCmd, len(todo))
	for n, i := range todo {
		keys[n] = writes[i].Key
		l.script(ctx, &cmds[n], writes[i].Key, writes[i].Write, how)
	}
	l.sendAll(ctx, keys, func(i int) redis.Cmder { return &cmds[i] })
	for n, i := range todo {
		err := cmds[n].Err()
		forbidden := err != nil && scriptsForbidden(err)
		if forbidden {
			l.scriptless.Store(true)
		}
		if forbidden || err != nil && redis.HasErrorPrefix(err, "NOSCRIPT") {
			again = append(again, i)
			continue
		}
		if err == nil {
			out[i].Ruling, err = cmds[n].ruling()
		}
		if errors.Is(err, errLate) {
			again = append(again, i)
			continue
		}
		out[i].Ruling, out[i].Err = l.ruled(ctx, writes[i].Key, out[i].Ruling, err)
	}
	return again
}
