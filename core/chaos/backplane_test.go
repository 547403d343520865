// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos_test

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

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/chaos"
)

// wire is a backplane that hands on what a test gives it.
type wire struct {
	in        chan func(core.Subscriber)
	published []string
}

func (w *wire) Publish(_ context.Context, msg []byte) error {
	w.published = append(w.published, string(msg))
	return nil
}

func (w *wire) Subscribe(ctx context.Context, s core.Subscriber) error {
	s.Joined(false)
	for {
		select {
		case call := <-w.in:
			call(s)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// log is a subscriber that writes down what it hears and when.
type log struct {
	mu    sync.Mutex
	start time.Time
	lines []string
	times []time.Duration
}

func (l *log) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	l.times = append(l.times, time.Since(l.start))
}

func (l *log) Joined(gapless bool) { l.add(fmt.Sprintf("joined %v", gapless)) }
func (l *log) Message(msg []byte)  { l.add(string(msg)) }

// keyLog is a log that hears of keys, too.
type keyLog struct{ *log }

func (l keyLog) Changed(key string) { l.add("key " + key) }

func (l *log) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.Join(l.lines, " ")
	l.lines, l.times = nil, nil
	return text
}

// bus is a subscription under a plan, in a bubble.
type bus struct {
	t    *testing.T
	plan *chaos.Plan
	wire *wire
	log  *log
}

// subscribed runs f with a subscription that has just joined.
func subscribed(t *testing.T, seed uint64, f func(b bus)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := bus{t, chaos.NewPlan(seed), &wire{in: make(chan func(core.Subscriber))}, &log{start: time.Now()}}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- chaos.Backplane(b.wire, b.plan).Subscribe(ctx, b.log) }()
		b.want("joined false")
		f(b)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the subscription ended with %v", err)
		}
	})
}

// send delivers messages at the same instant; the slice is reused, as the
// contract allows.
func (b bus) send(messages ...string) {
	for _, m := range messages {
		b.wire.in <- func(s core.Subscriber) {
			data := []byte(m)
			s.Message(data)
			copy(data, "########")
		}
	}
}

func (b bus) joined(gapless bool) { b.wire.in <- func(s core.Subscriber) { s.Joined(gapless) } }

func (b bus) want(lines string) {
	b.t.Helper()
	synctest.Wait()
	if got := b.log.take(); got != lines {
		b.t.Errorf("heard %q, want %q", got, lines)
	}
}

func TestBackplane_CalmHandsOnInOrder(t *testing.T) {
	subscribed(t, 1, func(b bus) {
		b.send("a", "b")
		b.joined(true)
		b.send("c")
		b.want("a b joined true c")
	})
}

func TestBackplane_DropIsSilentUntilTheNextJoined(t *testing.T) {
	subscribed(t, 1, func(b bus) {
		use(t, b.plan, chaos.Faults{Drop: 1})
		b.send("a")
		b.want("")
		b.plan.Calm()
		b.send("b")
		b.joined(true)
		b.joined(true)
		b.want("b joined false joined true")
		if got := b.plan.Injected(); got != 1 {
			t.Errorf("%d faults, want 1", got)
		}
	})
}

func TestBackplane_Duplicate(t *testing.T) {
	subscribed(t, 1, func(b bus) {
		use(t, b.plan, chaos.Faults{Duplicate: 1})
		b.send("a", "b")
		b.want("a a b b")
	})
}

func TestBackplane_ReorderHoldsUntilTheNext(t *testing.T) {
	subscribed(t, 1, func(b bus) {
		use(t, b.plan, chaos.Faults{Reorder: 1, MaxDelay: time.Second})
		b.send("a")
		b.want("")
		b.plan.Calm()
		b.send("b", "c")
		b.want("b a c")

		use(t, b.plan, chaos.Faults{Reorder: 1, MaxDelay: time.Second})
		b.send("d")
		time.Sleep(time.Second)
		b.want("d") // none came after it
	})
}

func TestBackplane_DelayedMessagesAreOvertaken(t *testing.T) {
	subscribed(t, 1, func(b bus) {
		use(t, b.plan, chaos.Faults{Delay: 0.5, MaxDelay: time.Second})
		var sent []string
		for i := range 50 {
			sent = append(sent, fmt.Sprint(i))
		}
		b.send(sent...)
		time.Sleep(time.Second)
		synctest.Wait()
		if late := slices.Max(b.log.times); late <= 0 || late >= time.Second {
			t.Errorf("the latest message came after %v", late)
		}
		got := strings.Fields(b.log.take())
		if slices.Equal(got, sent) {
			t.Error("no message was overtaken")
		}
		slices.Sort(got)
		slices.Sort(sent)
		if !slices.Equal(got, sent) {
			t.Errorf("arrived: %v", got)
		}
	})
}

func TestBackplane_GarbleChangesMessages(t *testing.T) {
	subscribed(t, 1, func(b bus) {
		use(t, b.plan, chaos.Faults{Garble: 1})
		b.send("message")
		synctest.Wait()
		if got := b.log.take(); got == "message" {
			t.Error("the message came unchanged")
		}
	})
}

func TestBackplane_SameSeedSameMessages(t *testing.T) {
	hear := func(seed uint64) (heard string) {
		subscribed(t, seed, func(b bus) {
			use(t, b.plan, chaos.Faults{Drop: 0.2, Duplicate: 0.2, Reorder: 0.2, Delay: 0.2, Garble: 0.2, MaxDelay: time.Second})
			for i := range 200 {
				b.send(fmt.Sprint(i))
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			heard = b.log.take()
		})
		return heard
	}
	first := hear(9)
	if first != hear(9) {
		t.Error("one seed has two histories")
	}
	if first == hear(10) {
		t.Error("two seeds have one history")
	}
}

func TestBackplane_WaitingAreBoundedAndTheLossIsTold(t *testing.T) {
	subscribed(t, 1, func(b bus) {
		use(t, b.plan, chaos.Faults{Delay: 1, MaxDelay: time.Hour})
		for range 5000 {
			b.send("m")
		}
		synctest.Wait()
		if got := b.log.take(); strings.ReplaceAll(got+" ", "joined false ", "") != "" || got == "" {
			t.Errorf("heard %q, want that messages were lost", got)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := strings.Count(b.log.take(), "m"); got != 1024 {
			t.Errorf("%d messages waited, want 1024", got)
		}
	})
}

func TestBackplane_PublicationsFailAndHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, plan := &wire{}, chaos.NewPlan(1)
		b := chaos.Backplane(w, plan)
		use(t, plan, chaos.Faults{Fail: 1})
		if err := b.Publish(t.Context(), []byte("a")); !errors.Is(err, chaos.ErrInjected) || len(w.published) != 0 {
			t.Errorf("got %v, published %v", err, w.published)
		}
		use(t, plan, chaos.Faults{FailAfter: 1})
		if err := b.Publish(t.Context(), []byte("b")); !errors.Is(err, chaos.ErrInjected) || len(w.published) != 1 {
			t.Errorf("got %v, published %v", err, w.published)
		}
		use(t, plan, chaos.Faults{Hang: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Publish(ctx, []byte("c")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		plan.Calm()
		if err := b.Publish(t.Context(), []byte("d")); err != nil {
			t.Error(err)
		}
	})
}

func TestBackplane_PingGoesWrongLikewise(t *testing.T) {
	plan := chaos.NewPlan(1)
	pinger, ok := core.As[core.Pinger](chaos.Backplane(newBus(t, nil).Channel("a"), plan))
	if !ok {
		t.Fatal("Ping is gone")
	}
	if err := pinger.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	use(t, plan, chaos.Faults{Fail: 1})
	if err := pinger.Ping(t.Context()); !errors.Is(err, chaos.ErrInjected) {
		t.Errorf("got %v, want %v", err, chaos.ErrInjected)
	}
}

func TestBackplane_ChangesOfKeysMeetWhatMessagesMeet(t *testing.T) {
	for name, c := range map[string]struct {
		faults chaos.Faults
		want   string
	}{
		"calm":      {chaos.Faults{}, "joined false key a x key b joined true"},
		"drop":      {chaos.Faults{Drop: 1}, "joined false joined false"},
		"duplicate": {chaos.Faults{Duplicate: 1}, "joined false key a key a x x key b key b joined true"},
		"garble":    {chaos.Faults{Garble: 1}, "joined false key a key b joined true"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				plan, w, l := chaos.NewPlan(1), &wire{in: make(chan func(core.Subscriber))}, &log{start: time.Now()}
				if err := plan.Use(c.faults); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() { _ = chaos.Backplane(w, plan).Subscribe(ctx, keyLog{l}) }()
				w.in <- func(s core.Subscriber) { s.(core.KeySubscriber).Changed("a") }
				w.in <- func(s core.Subscriber) {
					if name != "garble" {
						s.Message([]byte("x"))
					}
				}
				w.in <- func(s core.Subscriber) { s.(core.KeySubscriber).Changed("b") }
				w.in <- func(s core.Subscriber) { s.Joined(true) }
				synctest.Wait()
				if got := l.take(); got != c.want {
					t.Errorf("heard %q, want %q", got, c.want)
				}
			})
		})
	}
}

func TestBackplane_ClaimsNoAbilityThatTheSubscriberLacks(t *testing.T) {
	subscribed(t, 1, func(b bus) {
		b.wire.in <- func(s core.Subscriber) {
			if _, ok := s.(core.KeySubscriber); ok {
				t.Error("the subscriber does not hear of keys, but the wrapper says so")
			}
		}
	})
}
