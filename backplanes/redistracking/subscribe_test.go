// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking_test

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

	"github.com/fusioncache-go/fusioncache/backplanes/redistracking"
	"github.com/fusioncache-go/fusioncache/core"
)

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// bus is the other backplane: what it is told to deliver, it delivers.
type bus struct {
	sent   []string
	failed error // what Ping and Publish return
	lost   chan error

	mu sync.Mutex
	to core.Subscriber // while somebody subscribes
}

func (b *bus) Publish(_ context.Context, msg []byte) error {
	b.sent = append(b.sent, string(msg))
	return b.failed
}

func (b *bus) Ping(context.Context) error { return b.failed }

func (b *bus) Subscribe(ctx context.Context, s core.Subscriber) error {
	b.mu.Lock()
	b.to = s
	b.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-b.lost:
		return err
	}
}

// tell calls the subscriber.
func (b *bus) tell(call func(s core.Subscriber)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	call(b.to)
}

// journal is a subscriber that notes its calls. A call of Changed takes delay.
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

func (j *journal) Message(msg []byte) { j.note("message " + string(msg)) }

func (j *journal) Changed(key string) {
	time.Sleep(j.delay)
	j.note("changed " + key)
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

// rig is a Subscribe that runs, on a server and on another backplane.
type rig struct {
	journal
	server *fakeServer
	bus    *bus
	opts   *redistracking.Options
	cancel context.CancelFunc
	began  time.Time
	done   chan struct{}
	err    error         // once done is closed
	took   time.Duration // likewise
}

func bubble(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, &rig{server: newFakeServer(), bus: &bus{lost: make(chan error)}})
	})
}

func (r *rig) subscribe(t *testing.T) {
	t.Helper()
	b, err := redistracking.New(r.server.client(t), r.bus, []string{"e:", "m:"}, r.opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r.cancel, r.began, r.done = cancel, time.Now(), make(chan struct{})
	go func() {
		defer close(r.done)
		r.err = b.Subscribe(ctx, r)
		r.took = time.Since(r.began)
	}()
	synctest.Wait()
}

// join subscribes and lets the other backplane join.
func (r *rig) join(t *testing.T) {
	t.Helper()
	r.subscribe(t)
	r.bus.tell(func(s core.Subscriber) { s.Joined(false) })
}

func TestSubscribe_TracksBeforeTheOtherBackplaneJoins(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.subscribe(t)
		if got := r.server.trackers(); !slices.Equal(got, []string{"client tracking on bcast prefix e: prefix m:"}) {
			t.Errorf("sent %q", got)
		}
		r.server.invalidate("e:early")
		r.server.invalidate()
		r.check(t)
		r.bus.tell(func(s core.Subscriber) { s.Joined(false) })
		r.server.invalidate("e:a", "m:b")
		r.check(t, "joined", "changed e:a", "changed m:b")
		r.bus.tell(func(s core.Subscriber) { s.Message([]byte("x")); s.Joined(true) })
		r.server.invalidate()
		r.check(t, "joined", "changed e:a", "changed m:b", "message x", "joined gapless", "joined")
	})
}

func TestSubscribe_CutsThePrefixOff(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.opts = &redistracking.Options{Prefix: "team:"}
		r.join(t)
		if got := r.server.trackers(); !slices.Equal(got, []string{"client tracking on bcast prefix team:e: prefix team:m:"}) {
			t.Errorf("sent %q", got)
		}
		r.server.invalidate("team:e:a", "e:b", "team:m:")
		r.check(t, "joined", "changed e:a", "changed m:")
	})
}

func TestSubscribe_TakesNoticeOfNothingElse(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.join(t)
		r.server.push(">1\r\n$10\r\ninvalidate\r\n")
		r.server.push(">2\r\n$10\r\ninvalidate\r\n*2\r\n:1\r\n_\r\n")
		r.server.push(">2\r\n$5\r\nother\r\n$1\r\nx\r\n")
		r.server.push(">3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$1\r\nx\r\n")
		r.server.invalidate("e:a")
		r.check(t, "joined", "changed e:a")
	})
}

func TestSubscribe_NoticesAStalledServer(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.join(t)
		r.server.set(func() { r.server.mute = "all" })
		<-r.done
		if !errors.Is(r.err, redistracking.ErrStalled) || r.took != 2*redistracking.DefaultLiveness {
			t.Errorf("returned %v after %v, want ErrStalled after %v", r.err, r.took, 2*redistracking.DefaultLiveness)
		}
		if !strings.Contains(r.err.Error(), `tracking of ["e:" "m:"]`) {
			t.Errorf("%v does not say what of", r.err)
		}
	})
}

func TestSubscribe_NoticesAStallWhileConnecting(t *testing.T) {
	for _, silent := range []string{"hello", "client", "subscribe"} {
		t.Run(silent, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.server.mute = silent
				r.subscribe(t)
				<-r.done
				if r.err == nil || errors.Is(r.err, context.DeadlineExceeded) || r.took > redistracking.DefaultLiveness {
					t.Errorf("returned %v after %v", r.err, r.took)
				}
				r.check(t)
			})
		})
	}
}

func TestSubscribe_StaysWithAQuietServer(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.join(t)
		time.Sleep(time.Hour)
		r.server.invalidate("e:at last")
		r.check(t, "joined", "changed e:at last")
		if r.server.dials != 2 { // the client's own, and this one
			t.Errorf("%d connections", r.server.dials)
		}
	})
}

func TestSubscribe_DoesNotTakeASlowSubscriberForAStall(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.delay = 10 * time.Second
		r.join(t)
		r.server.invalidate("e:a", "e:b")
		time.Sleep(30 * time.Second)
		r.check(t, "joined", "changed e:a", "changed e:b")
		select {
		case <-r.done:
			t.Errorf("ended: %v", r.err)
		default:
		}
	})
}

func TestSubscribe_EndsWithItsConnection(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.join(t)
		r.server.cut()
		<-r.done
		if r.err == nil || r.took != 0 || errors.Is(r.err, context.Canceled) {
			t.Errorf("returned %v after %v", r.err, r.took)
		}
		if r.server.dials > 3 {
			t.Errorf("%d connections", r.server.dials)
		}
		r.check(t, "joined")
	})
}

func TestSubscribe_EndsWithTheOtherBackplane(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.join(t)
		lost := errors.New("lost")
		r.bus.lost <- lost
		<-r.done
		if r.err != lost {
			t.Errorf("returned %v, want the error of the other backplane", r.err)
		}
		if synctest.Wait(); len(r.server.trackers()) != 0 {
			t.Errorf("%q still track", r.server.trackers())
		}
	})
}

func TestSubscribe_EndsWithItsContext(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.join(t)
		time.Sleep(10 * time.Second)
		r.cancel()
		<-r.done
		if !errors.Is(r.err, context.Canceled) || r.took != 10*time.Second {
			t.Errorf("returned %v after %v", r.err, r.took)
		}
	})
}

func TestSubscribe_EndsWhileItConnects(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.server.mute = "subscribe"
		r.subscribe(t)
		time.Sleep(100 * time.Millisecond)
		r.cancel()
		<-r.done
		if !errors.Is(r.err, context.Canceled) || r.took != 100*time.Millisecond {
			t.Errorf("returned %v after %v", r.err, r.took)
		}
	})
}

func TestSubscribe_ReturnsARefusal(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.server.refusal = "NOPERM no permissions to run the command"
		r.subscribe(t)
		<-r.done
		if reply, ok := errors.AsType[redis.Error](r.err); !ok || !redis.HasErrorPrefix(reply, "NOPERM") {
			t.Errorf("returned %v, want the refusal", r.err)
		}
	})
}

func TestSubscribe_FailsWhenTheServerIsDown(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.server.down = true
		r.subscribe(t)
		<-r.done
		if r.err == nil || r.took != 0 || r.server.dials != 1 {
			t.Errorf("returned %v after %v and %d dials", r.err, r.took, r.server.dials)
		}
	})
}

func TestSubscribe_RefusesASubscriberWithoutTheAbility(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b, err := redistracking.New(r.server.client(t), r.bus, []string{"e:"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Subscribe(t.Context(), struct{ core.Subscriber }{r}); !errors.Is(err, redistracking.ErrSubscriber) {
			t.Errorf("got %v, want %v", err, redistracking.ErrSubscriber)
		}
	})
}
