// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
)

func TestOutage_FailsAtOnceAndHeals(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	l := open(t, s.URL(), nil)
	mustSet(t, l, "k", "v")
	for range 3 {
		s.Shutdown()
		natstest.WaitFor(t, patience, "the connection to break", func() bool { return !l.Conn().IsConnected() })
		wantErrors(t, l, nats.ErrDisconnected)
		s.Restart()
		took := settable(t, l)
		t.Logf("first write %v after the server was up", took)
		if took > 5*time.Second {
			t.Errorf("first write %v after the server was up", took)
		}
		wantValue(t, l, "k", "v")
	}
}

func TestOutage_MemoryBucketIsMadeAgain(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	l := open(t, s.URL(), &natsdist.Options{Storage: jetstream.MemoryStorage})
	mustSet(t, l, "k", "v")
	s.Restart()
	settable(t, l)
	wantMiss(t, l, "k")
	mustSet(t, l, "k", "w")
	wantValue(t, l, "k", "w")
}

func TestOutage_VanishedBucketIsAnErrorThenMadeAgain(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	l := open(t, s.URL(), nil)
	js := streams(t, s)
	remove := func() {
		t.Helper()
		if err := js.DeleteStream(within(t, patience), "KV_b"); err != nil {
			t.Fatal(err)
		}
	}
	mustSet(t, l, "k", "v")
	remove()
	if _, ok, err := l.Get(within(t, patience), "k"); ok || !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("Get: %v, %v, want %v", ok, err, nats.ErrNoResponders)
	}
	made(t, func() error { return l.Ping(within(t, patience)) })
	wantMiss(t, l, "k")
	remove()
	start := time.Now()
	if err := l.Set(within(t, patience), "k", nil, life); !errors.Is(err, jetstream.ErrNoStreamResponse) {
		t.Errorf("Set: %v, want %v", err, jetstream.ErrNoStreamResponse)
	}
	if took := time.Since(start); took >= 500*time.Millisecond {
		t.Errorf("Set took %v to fail; the client must not try again twice after 250ms", took)
	}
	made(t, func() error { return l.Set(within(t, patience), "k", []byte("w"), life) })
	wantValue(t, l, "k", "w")
	remove()
	if err := l.Ping(within(t, patience)); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("Ping: %v, want %v", err, jetstream.ErrStreamNotFound)
	}
	made(t, func() error { return l.Ping(within(t, patience)) })
}

// made tries until the bucket is there again. The server removes the store of a stream
// in the background, and refuses to make another until it is done: that is one more
// operation that fails.
func made(t *testing.T, try func() error) {
	t.Helper()
	giveUp := time.After(patience)
	for err := try(); err != nil; err = try() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-giveUp:
			t.Fatal(err)
		}
	}
}

func TestOutage_ReplacedByAnUnsuitableBucket(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	l := open(t, s.URL(), nil)
	js := streams(t, s)
	if err := js.DeleteStream(within(t, patience), "KV_b"); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateKeyValue(within(t, patience), jetstream.KeyValueConfig{Bucket: "b"}); err != nil {
		t.Fatal(err)
	}
	if err := l.Set(within(t, patience), "k", nil, life); err == nil {
		t.Error("Set succeeds, but the entry would never end")
	}
	wantErrors(t, l, natsdist.ErrBucket)
}

func TestOpen_LazyStartsBeforeTheServer(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	s.Shutdown()
	if _, err := natsdist.Open(within(t, patience), s.URL(), "b", nil); !errors.Is(err, nats.ErrNoServers) {
		t.Errorf("without Lazy: %v, want %v", err, nats.ErrNoServers)
	}
	l := open(t, s.URL(), &natsdist.Options{Lazy: true, Conn: quick()})
	wantErrors(t, l, nats.ErrDisconnected)
	s.Restart()
	// Those who come first find or make the bucket together.
	natstest.WaitFor(t, patience, "the connection", func() bool { return l.Ping(within(t, time.Second)) == nil })
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() { mustSet(t, l, fmt.Sprint(i), "v") })
	}
	all.Wait()
	wantValue(t, l, "19", "v")
}

func TestOutage_SurvivesARefusedPassword(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, &natstest.Options{User: "u", Password: "p"})
	l := open(t, s.URL(), &natsdist.Options{Conn: quick()})
	mustSet(t, l, "k", "v")
	s.Shutdown()
	other := natstest.Start(t, &natstest.Options{User: "u", Password: "rotated", Configure: func(o *server.Options) {
		o.Port = portOf(t, s)
	}})
	reconnects := l.Conn().Stats().Reconnects
	natstest.WaitFor(t, patience, "some refused attempts", func() bool { return l.Conn().Stats().Reconnects > reconnects+5 })
	wantErrors(t, l, nats.ErrDisconnected)
	other.Shutdown()
	s.Restart()
	settable(t, l)
	wantValue(t, l, "k", "v")
}

func TestOutage_CutConnectionsReleaseThoseWhoWait(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	l, proxy := openThrough(t, s, &natsdist.Options{Conn: quick()})
	mustSet(t, l, "k", "v")
	for range 5 {
		proxy.Hang()
		waiting := make(chan error, 1)
		go func() {
			_, _, err := l.Get(within(t, patience), "k")
			waiting <- err
		}()
		sent := l.Conn().Stats().OutMsgs
		natstest.WaitFor(t, patience, "the request", func() bool { return l.Conn().Stats().OutMsgs > sent || len(waiting) > 0 })
		start := time.Now()
		proxy.Cut()
		if err := <-waiting; !errors.Is(err, nats.ErrDisconnected) {
			t.Errorf("Get: %v, want %v", err, nats.ErrDisconnected)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("Get waited %v for an answer that could not come", took)
		}
		proxy.Restore()
		settable(t, l)
		wantValue(t, l, "k", "v")
	}
}

// A server that has stopped reading blocks writers in the connection; nobody
// may wait longer than he said, and the connection must be given up soon.
func TestStall_DeadlinesAreKeptUnderLoad(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	l, proxy := openThrough(t, s, &natsdist.Options{Conn: quick()})
	mustSet(t, l, "k", "v")
	before := runtime.NumGoroutine()
	data := bytes.Repeat([]byte("x"), 64<<10)
	const limit, slack, writers = 50 * time.Millisecond, time.Second, 20

	start := time.Now()
	proxy.Hang()
	var all sync.WaitGroup
	var mu sync.Mutex
	var worst, noticed time.Duration
	for w := range writers {
		all.Go(func() {
			for time.Since(start) < 6*time.Second {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				begun := time.Now()
				err := l.Set(ctx, fmt.Sprint(w), data, life)
				took := time.Since(begun)
				<-ctx.Done()
				cancel()
				mu.Lock()
				worst = max(worst, took)
				if noticed == 0 && errors.Is(err, nats.ErrDisconnected) {
					noticed = time.Since(start)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	t.Logf("slowest write %v with a deadline of %v; stall noticed after %v", worst, limit, noticed)
	if worst > limit+slack {
		t.Errorf("a write took %v, the deadline was %v", worst, limit)
	}
	if noticed == 0 || noticed > 5*time.Second {
		t.Errorf("the stall was noticed after %v", noticed)
	}
	proxy.Cut()
	proxy.Restore()
	settable(t, l)
	natstest.WaitFor(t, patience, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before+5*writers })
}

func TestClose_LeavesNoGoroutine(t *testing.T) {
	s := natstest.Start(t, nil)
	open(t, s.URL(), nil)
	natstest.WaitFor(t, patience, "the server to settle", func() bool { return s.Running().NumClients() == 1 })
	before := runtime.NumGoroutine()
	for range 10 {
		l, err := natsdist.Open(within(t, patience), s.URL(), "b", nil)
		if err != nil {
			t.Fatal(err)
		}
		mustSet(t, l, "k", "v")
		if err := errors.Join(l.Close(), l.Close()); err != nil {
			t.Error(err)
		}
		wantErrors(t, l, nats.ErrConnectionClosed)
	}
	natstest.WaitFor(t, patience, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}
