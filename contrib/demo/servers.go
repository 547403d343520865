// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"errors"
)

// server is what an L2 or a backplane is on. The show can take it away.
type server interface {
	// connect returns a node's connection.
	connect(ctx context.Context) (link, error)

	// stop takes the server away from all nodes, until start.
	stop(ctx context.Context) error

	// start brings it back.
	start(ctx context.Context) error

	// close ends it for good.
	close() error
}

// servers are those that a show needs, each once.
type servers map[carrier]server

// startServers starts what the settings ask for.
func startServers(ctx context.Context, s settings) (servers, error) {
	running := servers{}
	for _, c := range []carrier{s.l2, s.backplane} {
		if running[c] != nil {
			continue
		}
		started, err := startServer(ctx, c, s.redisURL)
		if err != nil {
			return nil, errors.Join(err, running.close())
		}
		running[c] = started
	}
	return running, nil
}

func startServer(ctx context.Context, c carrier, redisURL string) (server, error) {
	switch {
	case c == inProcess:
		return newLocalServer()
	case c == onNATS:
		return startNATS()
	case redisURL != "":
		return reachRedis(ctx, redisURL)
	}
	return startRedis(ctx)
}

func (s servers) close() error {
	var errs []error
	for _, server := range s {
		errs = append(errs, server.close())
	}
	return errors.Join(errs...)
}
