// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package redislink is what the adapters on go-redis have in common.
package redislink

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// reloader is the ability of a cluster's client to learn its topology anew.
type reloader interface {
	ReloadState(ctx context.Context)
}

// SuspectTopology asks the client of a cluster for a new map of slots if err says that a
// node did not answer. go-redis by itself learns of a promoted replica only with its next
// reload, up to a minute later. Reloads are limited by go-redis. Other clients are left
// alone.
func SuspectTopology(ctx context.Context, client redis.UniversalClient, err error) {
	cluster, ok := client.(reloader)
	if !ok || err == nil || errors.Is(err, redis.ErrClosed) {
		return
	}
	if _, answered := errors.AsType[redis.Error](err); !answered {
		cluster.ReloadState(ctx)
	}
}
