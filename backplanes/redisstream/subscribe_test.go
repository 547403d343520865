// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisstream_test

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

	"github.com/fusioncache-go/fusioncache/backplanes/redisstream"
)

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// journal is a subscriber that notes its calls: "joined", "joined gapless", and
// messages as they are. A call of Message takes delay.
type journal struct {
	delay time.Duration

	mu    sync.Mutex
	calls []string
}

func (j *journal) Joined(gapless bool) {
	if gapless {
		j.note("joined gapless")
	} else {
		j.note("joined")
	}
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

func (j *journal) check(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	if !slices.Equal(j.calls, want) {
		t.Errorf("calls %q, want %q", j.calls, want)
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
	bus, err := redisstream.New(f.client(t), "ch", nil)
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
	synctest.Test(t, func(t *testing.T) { test(t.Context(), t, newFakeServer()) })
}

func TestSubscribe_BeginsAtTheEndOfTheStream(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		f.add("m", "before")
		s := subscribe(ctx, t, f, &subscription{})
		s.check(t, "joined")
		f.add("m", "a")
		f.add("m", "")
		s.check(t, "joined", "a", "")
		if len(f.entries) != 3 {
			t.Errorf("the stream has %q", f.entries)
		}
	})
}

func TestSubscribe_LeavesAMarkInAnEmptyStream(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		other := subscribe(ctx, t, f, &subscription{})
		f.add("m", "a")
		s.check(t, "joined", "a")
		other.check(t, "joined", "a")
		if len(f.entries) != 2 {
			t.Errorf("the stream has %q, want one mark and the message", f.entries)
		}
	})
}

func TestSubscribe_PassesOverWhatIsNoMessage(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		f.add("other", "x")
		f.add("m", "a")
		s.check(t, "joined", "a")
	})
}

func TestSubscribe_StaysWithAQuietServer(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		dials := len(f.attempts())
		time.Sleep(time.Hour)
		f.add("m", "at last")
		s.check(t, "joined", "at last")
		if n := len(f.attempts()) - dials; n != 0 {
			t.Errorf("%d more connections", n)
		}
	})
}

func TestSubscribe_CatchesUpAfterACut(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		f.add("m", "a")
		s.check(t, "joined", "a")
		f.set(func() { f.down = true })
		f.cut()
		f.add("m", "b")
		time.Sleep(30 * time.Second)
		f.add("m", "c")
		f.set(func() { f.down = false })
		time.Sleep(time.Second)
		s.check(t, "joined", "a", "joined gapless", "b", "c")
	})
}

func TestSubscribe_CatchesUpWithMoreThanOneBatch(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		want := []string{"joined", "joined gapless"}
		f.set(func() { f.down = true })
		f.cut()
		for i := range 1000 {
			want = append(want, strings.Repeat("x", i))
			f.add("m", want[len(want)-1])
		}
		f.set(func() { f.down = false })
		time.Sleep(time.Second)
		s.check(t, want...)
	})
}

func TestSubscribe_ReportsAGap(t *testing.T) {
	for name, change := range map[string]func(f *fakeServer){
		"trimmed past the last message": func(f *fakeServer) { f.trim(2) },
		"another process":               func(f *fakeServer) { f.set(func() { f.runID = "run2" }) },
		"a process without a name":      func(f *fakeServer) { f.set(func() { f.runID = "" }) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
				s := subscribe(ctx, t, f, &subscription{})
				f.add("m", "a")
				s.check(t, "joined", "a")
				f.set(func() { f.down = true })
				f.cut()
				f.add("m", "b")
				change(f)
				f.set(func() { f.down = false })
				time.Sleep(time.Second)
				s.check(t, "joined", "a", "joined", "b")
				f.add("m", "c")
				s.check(t, "joined", "a", "joined", "b", "c")
			})
		})
	}
}

func TestSubscribe_ReportsWhatWasTrimmedWhileTheSubscriberWasBusy(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{journal: journal{delay: 10 * time.Second}})
		f.add("m", "a")
		time.Sleep(time.Second)
		f.add("m", "b")
		f.add("m", "c")
		f.trim(3)
		time.Sleep(time.Minute)
		s.check(t, "joined", "a", "joined", "c")
	})
}

func TestSubscribe_ReportsADeletedStream(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		f.add("m", "a")
		s.check(t, "joined", "a")
		f.set(func() { f.first, f.entries = 1, nil })
		time.Sleep(2 * time.Second)
		s.check(t, "joined", "a", "joined")
		f.add("m", "b")
		s.check(t, "joined", "a", "joined", "b")
	})
}

func TestSubscribe_NoticesAStalledServer(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		f.set(func() { f.mute = true })
		began, dials := time.Now(), len(f.attempts())
		<-s.done
		if first := f.attempts()[dials].Sub(began); first > 2*redisstream.DefaultLiveness {
			t.Errorf("connected again after %v, want %v", first, 2*redisstream.DefaultLiveness)
		}
		if s.err == nil || !strings.Contains(s.err.Error(), `subscription to "ch"`) || errors.Is(s.err, context.DeadlineExceeded) {
			t.Errorf("returned %v", s.err)
		}
		if s.took < redisstream.DefaultRepair || s.took > redisstream.DefaultRepair+5*time.Second {
			t.Errorf("returned after %v, want %v", s.took, redisstream.DefaultRepair)
		}
		s.check(t, "joined")
	})
}

// The server takes connections and greets, and then says nothing of the stream.
func TestSeed_ER1_AStalledServerIsAnErrorOfItsOwn(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		f.set(func() { f.silent = true })
		s := subscribe(ctx, t, f, &subscription{})
		<-s.done
		if !errors.Is(s.err, redisstream.ErrStalled) {
			t.Errorf("returned %v, want ErrStalled", s.err)
		}
	})
}

func TestSubscribe_GivesUpRepairingWithPauses(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		dials := len(f.attempts())
		f.set(func() { f.down = true })
		f.cut()
		<-s.done
		if n := len(f.attempts()) - dials; n < 60 || n > 130 {
			t.Errorf("%d attempts in a minute, want about 80", n)
		}
		if s.err == nil || s.took < redisstream.DefaultRepair || s.took > redisstream.DefaultRepair+2*time.Second {
			t.Errorf("returned %v after %v", s.err, s.took)
		}
	})
}

func TestSubscribe_DoesNotTakeASlowSubscriberForAStall(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{journal: journal{delay: time.Minute}})
		f.add("m", "a")
		f.add("m", "b")
		time.Sleep(3 * time.Minute)
		s.check(t, "joined", "a", "b")
		if !s.running() {
			t.Errorf("ended: %v", s.err)
		}
	})
}

func TestSubscribe_FailsWhenTheServerIsDown(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		f.set(func() { f.down = true })
		s := subscribe(ctx, t, f, &subscription{})
		<-s.done
		if s.err == nil || s.took != 0 || len(f.attempts()) != 1 {
			t.Errorf("returned %v after %v and %d dials", s.err, s.took, len(f.attempts()))
		}
		s.check(t)
	})
}

func TestSubscribe_ReturnsARefusal(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		s := subscribe(ctx, t, f, &subscription{})
		f.set(func() { f.refusal = "NOPERM no permissions to access a key" })
		<-s.done
		if reply, ok := errors.AsType[redis.Error](s.err); !ok || !redis.HasErrorPrefix(reply, "NOPERM") {
			t.Errorf("returned %v, want the refusal", s.err)
		}
		again := subscribe(ctx, t, f, &subscription{})
		<-again.done
		if _, ok := errors.AsType[redis.Error](again.err); !ok || again.took != 0 {
			t.Errorf("returned %v after %v, want the refusal", again.err, again.took)
		}
		again.check(t)
	})
}

func TestSubscribe_EndsWithItsContext(t *testing.T) {
	for name, down := range map[string]bool{"while it reads": false, "while it repairs": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
				ctx, cancel := context.WithCancel(ctx)
				s := subscribe(ctx, t, f, &subscription{})
				if f.set(func() { f.down = down }); down {
					f.cut()
				}
				time.Sleep(10 * time.Second)
				cancel()
				<-s.done
				if !errors.Is(s.err, context.Canceled) || s.took != 10*time.Second {
					t.Errorf("returned %v after %v", s.err, s.took)
				}
				s.check(t, "joined")
			})
		})
	}
}

func TestSubscribe_EndsAtTheDeadlineOfItsContext(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		ctx, cancel := context.WithTimeout(ctx, 10300*time.Millisecond)
		defer cancel()
		s := subscribe(ctx, t, f, &subscription{})
		<-s.done
		if !errors.Is(s.err, context.DeadlineExceeded) || s.took != 10300*time.Millisecond {
			t.Errorf("returned %v after %v", s.err, s.took)
		}
	})
}

func TestSubscribe_RefusesAClosedClient(t *testing.T) {
	bubble(t, func(ctx context.Context, t *testing.T, f *fakeServer) {
		client := f.client(t)
		bus, err := redisstream.New(client, "ch", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = client.Close()
		if err := bus.Subscribe(ctx, &journal{}); !errors.Is(err, redis.ErrClosed) {
			t.Errorf("got %v, want redis.ErrClosed", err)
		}
	})
}
