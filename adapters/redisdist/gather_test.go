// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/core"
)

// slowServer answers a round trip after a second, with the key as the value. It notes
// what came in each, and when its patience would have ended.
type slowServer struct {
	mu    sync.Mutex
	trips []string
	ends  []time.Duration
	began time.Time
	panic bool // in the next pipeline
}

func (s *slowServer) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *slowServer) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		s.serve(ctx, []redis.Cmder{cmd})
		return cmd.Err()
	}
}

func (s *slowServer) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if s.panic {
			panic("hook")
		}
		s.serve(ctx, cmds)
		for _, cmd := range cmds {
			if cmd.Err() != nil {
				return cmd.Err()
			}
		}
		return nil
	}
}

func (s *slowServer) serve(ctx context.Context, cmds []redis.Cmder) {
	var keys []string
	for _, cmd := range cmds {
		keys = append(keys, cmd.Args()[1].(string))
	}
	slices.Sort(keys)
	end, ok := ctx.Deadline()
	s.mu.Lock()
	s.trips = append(s.trips, strings.Join(keys, " "))
	if ok {
		s.ends = append(s.ends, end.Sub(s.began))
	} else {
		s.ends = append(s.ends, 0)
	}
	s.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		for _, cmd := range cmds {
			cmd.SetErr(ctx.Err())
		}
		return
	}
	for _, cmd := range cmds {
		get := redisdist.Inside(cmd).(*redis.StringCmd)
		switch key := get.Args()[1].(string); key {
		case "bad":
			get.SetErr(replyError("WRONGTYPE of key"))
		case "none":
			get.SetErr(redis.Nil)
		default:
			get.SetVal(key)
		}
	}
}

// gathering runs f in a bubble, with a layer on a slow server.
func gathering(t *testing.T, o redisdist.Options, f func(t *testing.T, s *slowServer, l *redisdist.Layer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", ContextTimeoutEnabled: true})
		defer func() { _ = client.Close() }()
		s := &slowServer{began: time.Now()}
		client.AddHook(s)
		l, err := redisdist.New(client, &o)
		if err != nil {
			t.Fatal(err)
		}
		f(t, s, l)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

// reads makes reads that go on, one after the other, and returns what waits for them.
func reads(ctx context.Context, t *testing.T, l *redisdist.Layer, keys ...string) (wait func()) {
	var callers sync.WaitGroup
	for _, key := range keys {
		callers.Go(func() { expectRead(ctx, t, l, key) })
		synctest.Wait()
	}
	return callers.Wait
}

func expectRead(ctx context.Context, t *testing.T, l *redisdist.Layer, key string) {
	data, ok, err := l.Get(ctx, key)
	switch {
	case key == "bad" && errors.Is(err, core.ErrForeign) && strings.Contains(err.Error(), `"bad"`):
	case key == "none" && !ok && err == nil:
	case err != nil || !ok || string(data) != key:
		t.Errorf("%s: got %q, %v, %v", key, data, ok, err)
	}
}

// check compares the round trips in any order: of two at the same time nobody knows it.
func (s *slowServer) check(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	got := slices.Sorted(slices.Values(s.trips))
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("round trips %q, want %q", got, want)
	}
}

func TestGet_GathersReadsWhileOthersAreUnderWay(t *testing.T) {
	gathering(t, redisdist.Options{MaxReads: 2, MaxGathered: 3}, func(t *testing.T, s *slowServer, l *redisdist.Layer) {
		start := time.Now()
		reads(t.Context(), t, l, "a", "b", "c", "bad", "e", "f", "none")()
		s.check(t, "a", "b", "bad c e", "f none")
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("took %v, want two round trips", took)
		}
		reads(t.Context(), t, l, "g", "h")()
		s.check(t, "a", "b", "bad c e", "f none", "g", "h")
	})
}

func TestGet_NeverGathersIfToldSo(t *testing.T) {
	gathering(t, redisdist.Options{NeverGather: true, MaxReads: 1}, func(t *testing.T, s *slowServer, l *redisdist.Layer) {
		reads(t.Context(), t, l, "a", "b", "c")()
		s.check(t, "a", "b", "c")
	})
}

func TestGet_AGatheredCallerGivesUpAlone(t *testing.T) {
	gathering(t, redisdist.Options{MaxReads: 1}, func(t *testing.T, s *slowServer, l *redisdist.Layer) {
		first := reads(t.Context(), t, l, "a")
		quits, quit := context.WithCancel(t.Context())
		short, stop := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer stop()
		start := time.Now()
		ends := func(ctx context.Context, key string, want error, at time.Duration) {
			if _, _, err := l.Get(ctx, key); !errors.Is(err, want) || time.Since(start) != at || !strings.Contains(err.Error(), key) {
				t.Errorf("%s: %v after %v, want %v after %v", key, err, time.Since(start), want, at)
			}
		}
		var callers sync.WaitGroup
		callers.Go(func() { ends(quits, "quits", context.Canceled, 500*time.Millisecond) })
		callers.Go(func() { ends(short, "short", context.DeadlineExceeded, 1500*time.Millisecond) })
		synctest.Wait()
		last := reads(t.Context(), t, l, "z")
		time.Sleep(500 * time.Millisecond)
		quit()
		first()
		callers.Wait()
		last()
		s.check(t, "a", "quits short z")
	})
}

func TestGet_SendsNothingForThoseWhoHaveAllGivenUp(t *testing.T) {
	gathering(t, redisdist.Options{MaxReads: 1}, func(t *testing.T, s *slowServer, l *redisdist.Layer) {
		first := reads(t.Context(), t, l, "a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		for i := range 3 {
			go func() { _, _, _ = l.Get(ctx, fmt.Sprint(i)) }()
		}
		first()
		reads(t.Context(), t, l, "b")()
		s.check(t, "a", "b")
	})
}

func TestGet_APipelineHasTheDeadlineOfItsMostPatientCaller(t *testing.T) {
	gathering(t, redisdist.Options{MaxReads: 1, MaxGathered: 2}, func(t *testing.T, s *slowServer, l *redisdist.Layer) {
		limited := func(d time.Duration) context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			t.Cleanup(cancel)
			return ctx
		}
		for _, wait := range []func(){
			reads(limited(5*time.Second), t, l, "a"),
			reads(limited(7*time.Second), t, l, "b"), reads(limited(6*time.Second), t, l, "c"),
			reads(limited(8*time.Second), t, l, "d"), reads(t.Context(), t, l, "e"),
		} {
			wait()
		}
		if want := []time.Duration{5 * time.Second, 7 * time.Second, 0}; !slices.Equal(s.ends, want) {
			t.Errorf("deadlines %v, want %v", s.ends, want)
		}
	})
}

func TestGet_APanicInAPipelineFailsItsCallers(t *testing.T) {
	gathering(t, redisdist.Options{MaxReads: 1}, func(t *testing.T, s *slowServer, l *redisdist.Layer) {
		first := reads(t.Context(), t, l, "a")
		s.panic = true
		var callers sync.WaitGroup
		for range 2 {
			callers.Go(func() {
				_, _, err := l.Get(t.Context(), "b")
				if p, ok := errors.AsType[*core.PanicError](err); !ok || p.Value != "hook" {
					t.Errorf("got %v", err)
				}
			})
		}
		first()
		callers.Wait()
		s.panic = false
		reads(t.Context(), t, l, "c")()
	})
}

func TestClose_WaitsForGatheredReads(t *testing.T) {
	gathering(t, redisdist.Options{MaxReads: 1}, func(t *testing.T, s *slowServer, l *redisdist.Layer) {
		reads(t.Context(), t, l, "a", "b", "c")
		start := time.Now()
		if err := l.Close(); err != nil || time.Since(start) != 2*time.Second {
			t.Errorf("closed after %v: %v", time.Since(start), err)
		}
		s.check(t, "a", "b c")
		reads(t.Context(), t, l, "d", "e")()
		s.check(t, "a", "b c", "d", "e")
	})
}

func TestNew_RefusesNegativeLimitsOfReads(t *testing.T) {
	client := redis.NewClient(&redis.Options{ContextTimeoutEnabled: true})
	defer func() { _ = client.Close() }()
	_, err := redisdist.New(client, &redisdist.Options{MaxReads: -1, MaxGathered: -1})
	for _, option := range []string{"MaxReads", "MaxGathered"} {
		if err == nil || !strings.Contains(err.Error(), option) {
			t.Errorf("%v does not name %s", err, option)
		}
	}
}
