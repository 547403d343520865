// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

// The state machine tells of a change under its lock, where a listener that
// asks for the state would wait for itself.
func TestEvents_ListenerMayUseBreaker(t *testing.T) {
	r := newRig(t, &breaker.Options{Distributed: breaker.LayerOptions{Failures: 1, OpenFor: time.Nanosecond}})
	var heard []string
	r.events.Listen("reader", core.BreakerChanged, func(ev core.Event) {
		heard = append(heard, ev.Detail+" = "+r.plugin.State(core.LevelDistributed).String())
		if ev.Detail == "half-open -> closed" {
			return
		}
		r.server.answers(up)
		for r.plugin.State(core.LevelDistributed) != breaker.Closed {
			_ = r.get() // more changes, from inside of a listener
		}
	})
	r.server.answers(down)
	_ = r.get()
	want := "closed -> open = open, open -> half-open = closed, half-open -> closed = closed"
	if got := strings.Join(heard, ", "); got != want {
		t.Errorf("heard %s, want %s", got, want)
	}
	r.wantState(breaker.Closed)
}

func TestEvents_SurviveAListenerThatPanicsOrEndsItsGoroutine(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic("broken listener") }, "goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, &breaker.Options{Distributed: breaker.LayerOptions{Failures: 1, OpenFor: time.Nanosecond}})
			once := true
			r.events.Listen("broken", core.BreakerChanged, func(core.Event) {
				if once {
					once = false
					end()
				}
			})
			r.server.answers(down)
			r.getApart()
			r.server.answers(up)
			for r.plugin.State(core.LevelDistributed) != breaker.Closed {
				_ = r.get()
			}
			r.wantChanges("closed -> open", "open -> half-open", "half-open -> closed")
		})
	}
}

// Many goroutines flap the breaker as fast as they can: every change is told
// once, and each begins where the one before it ended. In a round there are fewer
// changes than can wait: who tells them may get no time until its end.
func TestEvents_ConcurrentChangesAreToldInOrder(t *testing.T) {
	r := newRig(t, &breaker.Options{Distributed: breaker.LayerOptions{Failures: 1, OpenFor: time.Nanosecond}})
	r.server.answers(func(context.Context) error {
		switch rand.IntN(4) {
		case 0:
			return errDown
		case 1:
			runtime.Gosched()
		}
		return nil
	})
	for range 100 {
		var round sync.WaitGroup
		for range 16 {
			round.Go(func() {
				for range 20 {
					_ = r.get() // three changes at most: an overdue probe fails, a new one begins, and ends
				}
			})
		}
		round.Wait()
	}
	state := "closed"
	for i, change := range r.details() {
		from, to, _ := strings.Cut(change, " -> ")
		if from != state {
			t.Fatalf("change %d is %s, but the state was %s", i, change, state)
		}
		state = to
	}
	if got := r.plugin.State(core.LevelDistributed).String(); got != state {
		t.Errorf("the last event says %s, the state is %s", state, got)
	}
	if len(r.details()) < 100 {
		t.Errorf("only %d changes, the test proves little", len(r.details()))
	}
}

// A listener that blocks for ever costs a bounded amount of memory.
func TestEvents_WaitingAreBounded(t *testing.T) {
	r := newRig(t, &breaker.Options{Distributed: breaker.LayerOptions{Failures: 1, OpenFor: time.Nanosecond}})
	release, blocked := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.events.Listen("slow", core.BreakerChanged, func(core.Event) {
		once.Do(func() { close(blocked) })
		<-release
	})
	r.server.answers(down)
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.get() })
	<-blocked
	for r.server.calls.Load() < 5000 {
		_ = r.get()
	}
	close(release)
	wg.Wait()
	if got := len(r.details()); got != 1025 {
		t.Errorf("%d events were told, want the first and the last 1024", got)
	}
}

func BenchmarkGet(b *testing.B) {
	for _, state := range []string{"closed", "open"} {
		b.Run(state, func(b *testing.B) {
			r := newRig(b, &breaker.Options{Distributed: breaker.LayerOptions{OpenFor: time.Hour}})
			if state == "open" {
				r.open()
			}
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = r.layer.Get(ctx, "k")
			}
		})
	}
}

func Example_states() {
	fmt.Println(breaker.None, breaker.Closed, breaker.HalfOpen, breaker.Open)
	// Output: none closed half-open open
}
