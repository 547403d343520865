// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsbus_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/core"
)

const subject = "cache.sync"

// bubble runs f in virtual time. The client keeps timers in a [sync.Pool], and a
// timer of another bubble is of no use; two collections empty the pool.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	runtime.GC()
	runtime.GC()
	synctest.Test(t, f)
}

// recorder is a subscriber that writes down its calls: "joined" or the message.
type recorder struct {
	mu    sync.Mutex
	calls []string
	hold  func(msg string) // called during Message, if set
}

func (r *recorder) Joined(gapless bool) {
	r.add("joined")
	if gapless {
		r.add("gapless")
	}
}

func (r *recorder) Message(msg []byte) {
	r.add(string(msg))
	if r.hold != nil {
		r.hold(string(msg))
	}
}

func (r *recorder) add(call string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, call)
}

// take returns the calls since the last take.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}

func (r *recorder) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := r.take(); !slices.Equal(got, want) {
		t.Errorf("calls = %q, want %q", got, want)
	}
}

func newBus(t *testing.T, conn *nats.Conn, opts *natsbus.Options) *natsbus.Backplane {
	t.Helper()
	bus, err := natsbus.New(conn, subject, opts)
	if err != nil {
		t.Fatal(err)
	}
	return bus
}

// subscribe runs Subscribe and returns its end, and a function that has it end.
func subscribe(t *testing.T, bus *natsbus.Backplane, s core.Subscriber) (ended <-chan error, stop context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan error, 1)
	go func() { end <- bus.Subscribe(ctx, s) }()
	synctest.Wait()
	return end, cancel
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestSubscribe_JoinsThenDelivers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server, r := newFakeServer(t), &recorder{}
		bus := newBus(t, server.connect(t), nil)
		ended, stop := subscribe(t, bus, r)
		r.want(t, "joined")
		if err := errors.Join(bus.Publish(bounded(t), []byte("a")), bus.Publish(bounded(t), []byte("b"))); err != nil {
			t.Fatal(err)
		}
		r.want(t, "a", "b")
		server.publish(subject, "NATS/1.0 503\r\n\r\n", "") // looks like an error of the client's
		server.publish(subject, "", "c")
		r.want(t, "", "c")
		time.Sleep(time.Hour)
		r.want(t)
		stop()
		if err := <-ended; err != context.Canceled {
			t.Errorf("Subscribe: %v, want %v", err, context.Canceled)
		}
		server.publish(subject, "", "late")
		r.want(t)
	})
}

func TestSubscribe_ReportsEachReconnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server, r := newFakeServer(t), &recorder{}
		handled := 0
		conn := server.connect(t, nats.ReconnectHandler(func(*nats.Conn) { handled++ }))
		bus := newBus(t, conn, nil)
		_, stop := subscribe(t, bus, r)
		defer stop()
		r.want(t, "joined")
		for range 20 {
			server.cut()
			synctest.Wait()
			if err := bus.Publish(bounded(t), []byte("lost")); !errors.Is(err, nats.ErrDisconnected) {
				t.Errorf("Publish while disconnected: %v, want %v", err, nats.ErrDisconnected)
			}
			if err := bus.Ping(bounded(t)); !errors.Is(err, nats.ErrDisconnected) {
				t.Errorf("Ping while disconnected: %v, want %v", err, nats.ErrDisconnected)
			}
			time.Sleep(time.Second)
			r.want(t, "joined")
		}
		server.publish(subject, "", "again")
		r.want(t, "again")
		if handled != 20 {
			t.Errorf("the connection's own handler saw %d reconnections, want 20", handled)
		}
	})
}

func TestPublish_AfterManyReconnectionsThatNobodyLookedAt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server := newFakeServer(t)
		bus := newBus(t, server.connect(t), nil)
		for range 20 {
			server.cut()
			time.Sleep(time.Second)
		}
		if err := bus.Publish(bounded(t), nil); err != nil {
			t.Errorf("Publish: %v", err)
		}
		for range 20 {
			server.cut()
			time.Sleep(time.Second)
		}
		server.set(func() { server.down = true })
		server.cut()
		synctest.Wait()
		for range 2 {
			if err := bus.Publish(bounded(t), nil); !errors.Is(err, nats.ErrDisconnected) {
				t.Errorf("Publish: %v, want %v", err, nats.ErrDisconnected)
			}
		}
	})
}

func TestSubscribe_StaysThroughALongOutage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server, r := newFakeServer(t), &recorder{}
		_, stop := subscribe(t, newBus(t, server.connect(t), nil), r)
		defer stop()
		server.set(func() { server.down = true })
		server.cut()
		time.Sleep(10 * time.Minute)
		r.want(t, "joined")
		server.set(func() { server.down = false })
		time.Sleep(time.Second)
		r.want(t, "joined")
	})
}

func TestSubscribe_EndsWhenTheServerStalls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server, r := newFakeServer(t), &recorder{}
		bus := newBus(t, server.connect(t), nil)
		ended, stop := subscribe(t, bus, r)
		defer stop()
		time.Sleep(10 * time.Second)
		r.want(t, "joined")
		server.stall()
		start := time.Now()
		if err := <-ended; !errors.Is(err, natsbus.ErrStalled) {
			t.Errorf("Subscribe: %v, want %v", err, natsbus.ErrStalled)
		}
		if took := time.Since(start); took > 2500*time.Millisecond {
			t.Errorf("noticed after %v, want 2.5s at most", took)
		}
		ended, _ = subscribe(t, bus, r)
		if err := <-ended; !errors.Is(err, natsbus.ErrStalled) {
			t.Errorf("Subscribe again: %v, want %v", err, natsbus.ErrStalled)
		}
		r.want(t)
		server.resume()
		_, stop = subscribe(t, bus, r)
		defer stop()
		r.want(t, "joined")
	})
}

func TestSubscribe_ReportsDroppedMessages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server, release := newFakeServer(t), make(chan struct{})
		r := &recorder{hold: func(string) { <-release }}
		_, stop := subscribe(t, newBus(t, server.connect(t), &natsbus.Options{PendingMessages: 4}), r)
		defer stop()
		server.publish(subject, "", "held")
		r.want(t, "joined", "held")
		for i := range 20 {
			server.publish(subject, "", fmt.Sprint(i))
		}
		synctest.Wait()
		close(release)
		synctest.Wait()
		got := r.take()
		if !slices.Contains(got, "joined") || slices.Contains(got, "19") {
			t.Errorf("calls = %q, want a join and no last message", got)
		}
		server.publish(subject, "", "after")
		r.want(t, "after")
	})
}

func TestSubscribe_ReportsDroppedMessagesWithoutALaterOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server := newFakeServer(t)
		r := &recorder{hold: func(string) { time.Sleep(100 * time.Millisecond) }}
		_, stop := subscribe(t, newBus(t, server.connect(t), &natsbus.Options{PendingBytes: 100}), r)
		defer stop()
		server.publish(subject, "", strings.Repeat("x", 200))
		time.Sleep(2 * time.Second)
		r.want(t, "joined", "joined")
	})
}

func TestSubscribe_RefusedByTheServer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server, r := newFakeServer(t), &recorder{}
		bus := newBus(t, server.connect(t), nil)
		server.set(func() { server.deny = true })
		for range 2 {
			if err := bus.Subscribe(bounded(t), r); !errors.Is(err, nats.ErrPermissionViolation) {
				t.Errorf("Subscribe: %v, want %v", err, nats.ErrPermissionViolation)
			}
		}
		r.want(t)
		server.set(func() { server.deny = false })
		ended, stop := subscribe(t, bus, r)
		defer stop()
		r.want(t, "joined")
		server.set(func() { server.deny = true })
		server.cut()
		if err := <-ended; !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("Subscribe after a reconnection: %v, want %v", err, nats.ErrPermissionViolation)
		}
	})
}

func TestBackplane_AfterCloseOfTheConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server, r := newFakeServer(t), &recorder{}
		conn := server.connect(t)
		bus := newBus(t, conn, nil)
		ended, stop := subscribe(t, bus, r)
		defer stop()
		conn.Close()
		for name, err := range map[string]error{
			"Subscribe before": <-ended,
			"Subscribe":        bus.Subscribe(bounded(t), r),
			"Publish":          bus.Publish(bounded(t), nil),
			"Ping":             bus.Ping(bounded(t)),
		} {
			if !errors.Is(err, nats.ErrConnectionClosed) {
				t.Errorf("%s: %v, want %v", name, err, nats.ErrConnectionClosed)
			}
		}
	})
}

func TestSubscribe_EndsWithTheConnectionsDrain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server, r := newFakeServer(t), &recorder{}
		conn := server.connect(t)
		ended, stop := subscribe(t, newBus(t, conn, nil), r)
		defer stop()
		if err := conn.Drain(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil {
			t.Error("Subscribe returns no error")
		}
		time.Sleep(time.Second) // the client drains in the background
	})
}

func TestSubscribe_WaitsForTheCallUnderWay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server, over := newFakeServer(t), false
		r := &recorder{hold: func(string) {
			time.Sleep(time.Minute)
			over = true
		}}
		ended, stop := subscribe(t, newBus(t, server.connect(t), nil), r)
		server.publish(subject, "", "slow")
		server.publish(subject, "", "next")
		synctest.Wait()
		stop()
		if err := <-ended; err != context.Canceled || !over {
			t.Errorf("Subscribe: %v, call over: %v", err, over)
		}
		r.want(t, "joined", "slow")
	})
}

func TestBackplane_DoneContextComesFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		bus := newBus(t, newFakeServer(t).connect(t), nil)
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("a cause of the caller's"))
		for _, err := range []error{bus.Publish(ctx, nil), bus.Subscribe(ctx, &recorder{}), bus.Ping(ctx)} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error = %v, want %v", err, context.Canceled)
			}
		}
	})
}

func TestPublish_RefusesLargeMessages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server, r := newFakeServer(t), &recorder{}
		bus := newBus(t, server.connect(t), nil)
		_, stop := subscribe(t, bus, r)
		defer stop()
		if err := bus.Publish(bounded(t), make([]byte, 64<<10+1)); !errors.Is(err, nats.ErrMaxPayload) {
			t.Errorf("error = %v, want %v", err, nats.ErrMaxPayload)
		}
		if err := bus.Publish(bounded(t), make([]byte, 64<<10)); err != nil {
			t.Error(err)
		}
		r.want(t, "joined", string(make([]byte, 64<<10)))
	})
}

func TestPing_AnsweredByTheServer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server := newFakeServer(t)
		bus := newBus(t, server.connect(t), nil)
		if err := bus.Ping(bounded(t)); err != nil {
			t.Error(err)
		}
		server.stall()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := bus.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("silent server: %v, want %v", err, context.DeadlineExceeded)
		}
		server.resume()
	})
}
