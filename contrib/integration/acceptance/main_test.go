// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package acceptance_test holds what is promised of several nodes on one server,
// each promise as a black-box test against real servers, through real sockets
// that break on command.
package acceptance_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
)

var errBoom = errors.New("boom")

// patience is how long a test waits for what has no limit of its own.
const patience = 20 * time.Second

// TestMain fails if goroutines are left when everything is closed.
func TestMain(m *testing.M) {
	logging.Disable()
	_ = flag.Set("test.parallel", "8") // tests that run side by side wait more than they work
	unwatch := machine.watch()
	before := runtime.NumGoroutine()
	code := m.Run()
	if code == 0 && !settled(before) {
		fmt.Fprintf(os.Stderr, "%d goroutines before the tests, %d after\n", before, runtime.NumGoroutine())
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
		code = 1
	}
	unwatch()
	os.Exit(code)
}

// settled waits until there are no more than limit goroutines.
func settled(limit int) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > limit; <-tick.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// soon waits until cond holds and fails the test if it does not within d, as since has it.
func soon(tb testing.TB, d time.Duration, what string, cond func() bool) {
	tb.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); !cond(); <-tick.C {
		if since(begin) > d {
			tb.Fatalf("waited %v for %s", d, what)
		}
	}
}

// within3 calls attempt until one succeeds, three times at most. It is for what
// is promised in milliseconds: this machine may be busy with something else once.
func within3(tb testing.TB, attempt func() error) {
	tb.Helper()
	slower3(tb, func(time.Duration) error { return attempt() })
}

// slower3 is within3 for what has to happen between two instants: each attempt has all
// of its times three times as long as the one before.
func slower3(tb testing.TB, attempt func(factor time.Duration) error) {
	tb.Helper()
	var err error
	for _, factor := range []time.Duration{1, 3, 9} {
		if err = attempt(factor); err == nil {
			return
		}
		tb.Logf("once more: %v", err)
	}
	tb.Error(err)
}

// at waits until d after start.
func at(start time.Time, d time.Duration) { <-time.After(time.Until(start.Add(d))) }

func tooSlow(what string, took, limit time.Duration) error {
	return fmt.Errorf("%s took %v, want at most %v", what, took, limit)
}
