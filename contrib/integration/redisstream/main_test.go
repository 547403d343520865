// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package redisstream_test runs the backplane redisstream against real servers.
package redisstream_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/redisstream"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
)

const (
	patience = 20 * time.Second
	stream   = "ch"
)

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// connect returns a client with the settings that suit a cache. A nil faults is
// the plain network.
func connect(tb testing.TB, url string, faults *redistest.Faults, opts *redisdist.OpenOptions) redis.UniversalClient {
	tb.Helper()
	options, err := redisdist.ClientOptions(url, opts)
	if err != nil {
		tb.Fatal(err)
	}
	if faults != nil {
		options.Dialer = faults.Dial
	}
	client := redis.NewUniversalClient(options)
	tb.Cleanup(func() { _ = client.Close() })
	return client
}

func newBus(tb testing.TB, url string, faults *redistest.Faults, opts *redisstream.Options) *redisstream.Backplane {
	tb.Helper()
	bus, err := redisstream.New(connect(tb, url, faults, nil), stream, opts)
	if err != nil {
		tb.Fatal(err)
	}
	return bus
}

// subscription is a subscriber and the Subscribe that calls it.
type subscription struct {
	mu       sync.Mutex
	joins    []bool // gapless, of each Joined
	messages []string
	block    chan struct{} // Message waits until it is closed; nil: never

	stop func()
	done chan struct{}
	err  error // once done is closed
}

func (s *subscription) Joined(gapless bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joins = append(s.joins, gapless)
}

func (s *subscription) Message(msg []byte) {
	if s.block != nil {
		<-s.block
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, string(msg))
}

// start subscribes until the end of the test.
func start(tb testing.TB, bus *redisstream.Backplane, s *subscription) *subscription {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		s.err = bus.Subscribe(ctx, s)
	}()
	s.stop = func() {
		cancel()
		<-s.done
	}
	tb.Cleanup(s.stop)
	return s
}

// join subscribes and waits until the server has confirmed it.
func join(tb testing.TB, bus *redisstream.Backplane) *subscription {
	tb.Helper()
	s := start(tb, bus, &subscription{})
	s.wantJoins(tb, false)
	return s
}

// rejoin subscribes again and again, as a stack does, until it succeeds.
func rejoin(tb testing.TB, bus *redisstream.Backplane) *subscription {
	tb.Helper()
	var s *subscription
	redistest.Eventually(tb, patience, "a new subscription", func() bool {
		if s == nil || s.ended() {
			s = start(tb, bus, &subscription{})
		}
		return len(s.joined()) > 0
	})
	return s
}

func (s *subscription) joined() []bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.joins)
}

func (s *subscription) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

func (s *subscription) has(msg string) bool { return slices.Contains(s.got(), msg) }

func (s *subscription) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// wantJoins waits until s has been told of as many joins as there are in want,
// and compares them.
func (s *subscription) wantJoins(tb testing.TB, want ...bool) {
	tb.Helper()
	redistest.Eventually(tb, patience, fmt.Sprintf("%d calls of Joined", len(want)), func() bool {
		return len(s.joined()) >= len(want) || s.ended()
	})
	if got := s.joined(); !slices.Equal(got, want) {
		tb.Fatalf("joined %v, want %v", got, want)
	}
}

// wantEnd returns what Subscribe returned.
func (s *subscription) wantEnd(tb testing.TB) error {
	tb.Helper()
	redistest.Eventually(tb, patience, "Subscribe to return", s.ended)
	return s.err
}

// wantDelivery publishes msg until the server takes it and waits for it at s.
func wantDelivery(tb testing.TB, bus *redisstream.Backplane, s *subscription, msg string) {
	tb.Helper()
	redistest.Eventually(tb, patience, "publishing", func() bool { return bus.Publish(within(tb, time.Second), []byte(msg)) == nil })
	redistest.Eventually(tb, patience, "the message "+msg, func() bool { return s.has(msg) })
}

// within returns a context that ends after d or with the test.
func within(tb testing.TB, d time.Duration) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), d)
	tb.Cleanup(cancel)
	return ctx
}
