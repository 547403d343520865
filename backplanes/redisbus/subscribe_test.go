// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisbus_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
)

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// journal is a subscriber that notes its calls: "joined", and messages as they
// are. A call of Message takes delay.
type journal struct {
	delay time.Duration

	mu    sync.Mutex
	calls []string
}

func (j *journal) Joined(gapless bool) {
	if gapless {
		panic("Redis cannot know that nothing was missed")
	}
	j.note("joined")
}

func (j *journal) Message(msg []byte) {
	time.Sleep(j.delay)
	j.note(string(msg))
}

func (j *journal) note(call string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls = append(j.calls, call)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.calls)
}

func (j *journal) check(t *testing.T, want ...string) {
	t.Helper()
	if got := j.all(); !slices.Equal(got, want) {
		t.Errorf("calls %q, want %q", got, want)
	}
}

// subscription is a Subscribe that runs.
type subscription struct {
	journal
	began time.Time
	done  chan struct{}
	err   error         // once done is closed
	took  time.Duration // likewise
}

func subscribe(ctx context.Context, t *testing.T, f *fakeServer, s *subscription) *subscription {
	t.Helper()
	bus, err := redisbus.New(f.client(t), "ch", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.began, s.done = time.Now(), make(chan struct{})
	go func() {
		defer close(s.done)
		s.err = bus.Subscribe(ctx, s)
		s.took = time.Since(s.began)
	}()
	synctest.Wait()
	return s
}

func (s *subscription) running() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// bubble runs test in virtual time with a context that ends after the test and a
// server.
func bubble(t *testing.T, test func(ctx context.Context, t *testing.T, f *fakeServer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t.Context(), t, newFakeServer())
	})
}

func TestSubscribe_JoinsOnlyWhenTheServerConfirms(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		f.confirmAfter = 300 * time.Millisecond
		s := subscribe(ctx, t, f, &subscription{})
		time.Sleep(299 * time.Millisecond)
		synctest.Wait()
		s.check(t)
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		s.check(t, "joined")
		f.message("hello")
		f.message("")
		synctest.Wait()
		s.check(t, "joined", "hello", "")
	})
}

func TestSubscribe_NoticesAStalledPeer(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		f.message("last")
		f.silence()
		<-s.done
		if !errors.Is(s.err, redisbus.ErrStalled) {
			t.Errorf("returned %v, want ErrStalled", s.err)
		}
		if s.took != 2*redisbus.DefaultLiveness {
			t.Errorf("noticed after %v, want %v", s.took, 2*redisbus.DefaultLiveness)
		}
		s.check(t, "joined", "last")
	})
}

func TestSubscribe_NoticesAStallWhileConnecting(t *testing.T) {
	for _, silent := range []string{"hello", "subscribe"} {
		t.Run(silent, func(t *testing.T) {
			bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
				f.silence(silent, "ping")
				s := subscribe(ctx, t, f, &subscription{})
				<-s.done
				if s.err == nil || errors.Is(s.err, context.DeadlineExceeded) || s.took > 2*redisbus.DefaultLiveness {
					t.Errorf("returned %v after %v", s.err, s.took)
				}
				s.check(t)
			})
		})
	}
}

// A read that gave up in the middle of a message would take its rest for the
// next one.
func TestSubscribe_WaitsForTheRestOfAMessage(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		f.silence("ping")
		s := subscribe(ctx, t, f, &subscription{})
		f.push(">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$10\r\nfirst")
		time.Sleep(redisbus.DefaultLiveness * 3 / 2)
		f.push("+rest\r\n")
		f.message("next")
		synctest.Wait()
		s.check(t, "joined", "first+rest", "next")
	})
}

func TestSubscribe_StaysWithAQuietPeer(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		time.Sleep(time.Minute)
		f.message("at last")
		synctest.Wait()
		s.check(t, "joined", "at last")
		if pings := f.count("ping"); pings < 50 || pings > 60 {
			t.Errorf("%d pings in a minute, want one per second", pings)
		}
	})
}

func TestSubscribe_SendsNoPingsWhileMessagesArrive(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		for range 100 {
			time.Sleep(100 * time.Millisecond)
			f.message("x")
		}
		if pings := f.count("ping"); pings != 0 || !s.running() {
			t.Errorf("%d pings, running %v", pings, s.running())
		}
	})
}

func TestSubscribe_DoesNotTakeASlowSubscriberForAStall(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{journal: journal{delay: 10 * time.Second}})
		f.message("a")
		f.message("b")
		time.Sleep(30 * time.Second)
		synctest.Wait()
		s.check(t, "joined", "a", "b")
		if !s.running() {
			t.Errorf("ended: %v", s.err)
		}
	})
}

func TestSubscribe_ReportsEachRepair(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		for range 2 {
			time.Sleep(5 * time.Second)
			f.cut()
			synctest.Wait()
		}
		f.message("after")
		synctest.Wait()
		s.check(t, "joined", "joined", "joined", "after")
	})
}

func TestSubscribe_ReturnsWhenTheRepairFails(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		f.setDown(true)
		f.cut()
		<-s.done
		if s.err == nil || !strings.Contains(s.err.Error(), `subscription to "ch"`) {
			t.Errorf("returned %v, want the reason with the channel", s.err)
		}
		if s.took > time.Second || f.count("dial") > 4 {
			t.Errorf("took %v and %d dials", s.took, f.count("dial"))
		}
	})
}

func TestSubscribe_DoesNotSpinOnAFlappingConnection(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		f.cut()
		synctest.Wait()
		s.check(t, "joined", "joined")
		f.cut()
		<-s.done
		if s.err == nil || f.count("subscribe") > 3 {
			t.Errorf("returned %v after %d subscriptions", s.err, f.count("subscribe"))
		}
	})
}

func TestSubscribe_FailsWhenTheServerIsDown(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		f.setDown(true)
		s := subscribe(ctx, t, f, &subscription{})
		<-s.done
		if s.err == nil || s.took != 0 || f.count("dial") != 1 {
			t.Errorf("returned %v after %v and %d dials", s.err, s.took, f.count("dial"))
		}
		s.check(t)
	})
}

func TestSubscribe_ReturnsARefusal(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		f.refuseWith = "NOPERM no permissions to access a channel"
		s := subscribe(ctx, t, f, &subscription{})
		<-s.done
		if reply, ok := errors.AsType[redis.Error](s.err); !ok || !strings.HasPrefix(reply.Error(), "NOPERM") {
			t.Errorf("returned %v, want the refusal", s.err)
		}
		if f.count("dial") != 1 {
			t.Errorf("%d dials, want 1", f.count("dial"))
		}
		s.check(t)
	})
}

func TestSubscribe_ReturnsWhenTheServerEndsIt(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		f.push(">3\r\n$12\r\nsunsubscribe\r\n$2\r\nch\r\n:0\r\n")
		<-s.done
		if s.err == nil || !strings.Contains(s.err.Error(), "sunsubscribe") {
			t.Errorf("returned %v", s.err)
		}
	})
}

func TestSubscribe_EndsWithItsContext(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		ctx, cancel := context.WithCancel(ctx)
		s := subscribe(ctx, t, f, &subscription{})
		time.Sleep(10 * time.Second)
		cancel()
		<-s.done
		if !errors.Is(s.err, context.Canceled) || s.took != 10*time.Second {
			t.Errorf("returned %v after %v", s.err, s.took)
		}
		s.check(t, "joined")
		again := subscribe(ctx, t, f, &subscription{})
		<-again.done
		if !errors.Is(again.err, context.Canceled) {
			t.Errorf("with a done context: %v", again.err)
		}
		again.check(t)
	})
}

func TestSubscribe_EndsAtTheDeadlineOfItsContext(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		s := subscribe(ctx, t, f, &subscription{})
		<-s.done
		if !errors.Is(s.err, context.DeadlineExceeded) || s.took != 10*time.Second || f.count("dial") != 1 {
			t.Errorf("returned %v after %v and %d dials", s.err, s.took, f.count("dial"))
		}
	})
}

func TestSubscribe_EndsWhileItConnects(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		f.silence("hello")
		ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		s := subscribe(ctx, t, f, &subscription{})
		<-s.done
		if !errors.Is(s.err, context.DeadlineExceeded) || s.took != 100*time.Millisecond {
			t.Errorf("returned %v after %v", s.err, s.took)
		}
	})
}

func TestSubscribe_EndsWhenTheClientIsClosed(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		client := f.client(t)
		bus, err := redisbus.New(client, "ch", nil)
		if err != nil {
			t.Fatal(err)
		}
		var j journal
		done := make(chan error)
		go func() { done <- bus.Subscribe(ctx, &j) }()
		synctest.Wait()
		_ = client.Close()
		if err := <-done; !errors.Is(err, redis.ErrClosed) {
			t.Errorf("running: %v, want redis.ErrClosed", err)
		}
		if err := bus.Subscribe(ctx, &j); !errors.Is(err, redis.ErrClosed) {
			t.Errorf("new: %v, want redis.ErrClosed", err)
		}
		j.check(t, "joined")
	})
}
