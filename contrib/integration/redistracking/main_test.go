// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package redistracking_test runs the backplane redistracking against real
// servers.
package redistracking_test

import (
	"context"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/backplanes/redistracking"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
)

const patience = 20 * time.Second

func prefixes() []string { return []string{"e:", "m:"} }

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// connect returns a client with the settings that suit a cache. A nil faults is
// the plain network.
func connect(tb testing.TB, url string, faults *redistest.Faults) redis.UniversalClient {
	tb.Helper()
	options, err := redisdist.ClientOptions(url, nil)
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

// newBus returns pub/sub on the channel "ch" with tracking added.
func newBus(tb testing.TB, client redis.UniversalClient, opts *redistracking.Options) *redistracking.Backplane {
	tb.Helper()
	inner, err := redisbus.New(client, "ch", nil)
	if err != nil {
		tb.Fatal(err)
	}
	bus, err := redistracking.New(client, inner, prefixes(), opts)
	if err != nil {
		tb.Fatal(err)
	}
	return bus
}

// subscription is a subscriber and the Subscribe that calls it.
type subscription struct {
	mu       sync.Mutex
	joins    int
	messages []string
	keys     []string
	block    chan struct{} // Changed waits until it is closed; nil: never

	stop func()
	done chan struct{}
	err  error // once done is closed
}

func (s *subscription) Joined(bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joins++
}

func (s *subscription) Message(msg []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, string(msg))
}

func (s *subscription) Changed(key string) {
	if s.block != nil {
		<-s.block
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append(s.keys, key)
}

// start subscribes until the end of the test.
func start(tb testing.TB, bus core.Backplane, s *subscription) *subscription {
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

// join subscribes and waits until the servers have confirmed it.
func join(tb testing.TB, bus core.Backplane) *subscription {
	tb.Helper()
	s := start(tb, bus, &subscription{})
	redistest.Eventually(tb, patience, "Joined", func() bool { return s.joined() > 0 || s.ended() })
	if s.ended() {
		tb.Fatalf("Subscribe: %v", s.err)
	}
	return s
}

// rejoin subscribes again and again, as a stack does, until it succeeds.
func rejoin(tb testing.TB, bus core.Backplane) *subscription {
	tb.Helper()
	var s *subscription
	redistest.Eventually(tb, patience, "a new subscription", func() bool {
		if s == nil || s.ended() {
			s = start(tb, bus, &subscription{})
		}
		return s.joined() > 0
	})
	return s
}

func (s *subscription) joined() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.joins
}

func (s *subscription) changed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.keys)
}

func (s *subscription) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// wantEnd returns what Subscribe returned.
func (s *subscription) wantEnd(tb testing.TB) error {
	tb.Helper()
	redistest.Eventually(tb, patience, "Subscribe to return", s.ended)
	return s.err
}

// wantChange sets key with client and waits for the news of it at s.
func wantChange(tb testing.TB, client redis.UniversalClient, s *subscription, key string) {
	tb.Helper()
	if err := client.Set(tb.Context(), key, "v", 0).Err(); err != nil {
		tb.Fatal(err)
	}
	redistest.Eventually(tb, patience, "news of "+key, func() bool { return slices.Contains(s.changed(), key) })
}

// within returns a context that ends after d or with the test.
func within(tb testing.TB, d time.Duration) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), d)
	tb.Cleanup(cancel)
	return ctx
}
