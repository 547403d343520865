// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// router is the ability of a cluster's client to name the master of a key.
type router interface {
	MasterForKey(ctx context.Context, key string) (*redis.Client, error)
}

// masterOf returns the client of the master of key; nil if there is only one server, or
// it cannot be said.
func (l *Layer) masterOf(ctx context.Context, key string) *redis.Client {
	cluster, ok := l.client.(router)
	if !ok {
		return nil
	}
	master, err := cluster.MasterForKey(ctx, key)
	if err != nil {
		return nil
	}
	return master
}

// pipeliner is a client that takes pipelines.
type pipeliner interface{ Pipeline() redis.Pipeliner }

// sendAll sends a command for each of keys, in one pipeline, or in one for each master
// of a cluster. Each command has its outcome afterwards. The pipelines of a cluster's
// client will not do: it waits for all masters and tries those again that fail, and
// when ctx ends then, it takes back the answers of the others.
func (l *Layer) sendAll(ctx context.Context, keys []string, cmd func(i int) redis.Cmder) {
	cluster, ok := l.client.(router)
	if !ok {
		all := make([]int, len(keys))
		for i := range all {
			all[i] = i
		}
		pipe(ctx, l.client, all, cmd)
		return
	}
	groups := map[*redis.Client][]int{}
	for i, key := range keys {
		master, err := cluster.MasterForKey(ctx, key)
		if err != nil {
			cmd(i).SetErr(err)
			continue
		}
		groups[master] = append(groups[master], i)
	}
	var masters sync.WaitGroup
	for master, some := range groups {
		masters.Go(func() {
			pipe(ctx, master, some, cmd)
			l.follow(ctx, some, cmd)
		})
	}
	masters.Wait()
}

// follow sends those commands again whose slot has moved to another master: they
// were not run.
func (l *Layer) follow(ctx context.Context, some []int, cmd func(i int) redis.Cmder) {
	for _, i := range some {
		if err := cmd(i).Err(); redis.HasErrorPrefix(err, "MOVED") || redis.HasErrorPrefix(err, "ASK") {
			cmd(i).SetErr(nil)
			_ = l.send(ctx, cmd(i)) // the command has the error
		}
	}
}

// pipe sends some commands as one pipeline.
func pipe(ctx context.Context, client pipeliner, some []int, cmd func(i int) redis.Cmder) {
	err := ctx.Err()
	if err == nil {
		p := client.Pipeline()
		for _, i := range some {
			_ = p.Process(ctx, unrepeated(cmd(i))) // only takes it in
		}
		_, err = p.Exec(ctx)
	}
	if err == nil {
		return
	}
	for _, i := range some {
		if cmd(i).Err() != nil {
			return // those concerned have it
		}
	}
	for _, i := range some {
		cmd(i).SetErr(err) // not sent: that must not look like an answer
	}
}
