// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Command demo runs a product catalogue on three nodes, with a real database, a
// real L2 and a real backplane, sends it traffic over HTTP, and takes away one
// part after the other. It prints what the clients notice, and which of its
// promises the cache has kept.
//
//	go run .                                  # NATS, embedded, for L2 and backplane
//	go run . -redis redis://127.0.0.1:6379    # Redis for both
//	go run . -l1 otter -l2 redis -backplane nats
//
// The service itself is in catalog.go, node.go and parts.go: that is the code to
// copy. The rest is the show around it.
//
// It ends with 0 if all promises were kept, 1 if one was broken, 2 if it could
// not run, and 130 if it was interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9/logging"
)

// The exit codes.
const (
	exitKept        = 0
	exitBroken      = 1
	exitFailed      = 2
	exitInterrupted = 130
)

func main() {
	logging.Disable() // go-redis would print every failed dial to the terminal
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with everything that it touches as an argument.
func run(ctx context.Context, args []string, stdout, stderr *os.File) int {
	settings, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitKept
	}
	if err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return exitFailed
	}
	screen := newView(stdout)
	report, err := perform(ctx, settings, screen)
	screen.live().close()
	interrupted := ctx.Err() != nil
	if err != nil && !interrupted {
		fmt.Fprintln(stderr, "demo:", err)
		return exitFailed
	}
	report.print(stdout)
	switch {
	case report.broken() > 0:
		return exitBroken
	case interrupted:
		return exitInterrupted
	}
	return exitKept
}
