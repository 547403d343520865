// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest_test

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/backplanetest"
)

// editSubscribe makes a mutant that subscribes in another way; receive is the
// correct one.
func editSubscribe(edit func(r *rig, ctx context.Context, s core.Subscriber, receive func(context.Context, core.Subscriber) error) error) func(r *rig) {
	return func(r *rig) {
		r.onNode = func(f *fake) {
			receive := f.subscribe
			f.subscribe = func(ctx context.Context, s core.Subscriber) error { return edit(r, ctx, s, receive) }
		}
	}
}

func endMutants() []mutant {
	return []mutant{
		{"EndsOnContext", "it returns nil", editSubscribe(func(_ *rig, ctx context.Context, s core.Subscriber, receive func(context.Context, core.Subscriber) error) error {
			if err := receive(ctx, s); ctx.Err() == nil {
				return err
			}
			return nil
		})},
		{"EndsOnContext", "it returns late", editSubscribe(func(_ *rig, ctx context.Context, s core.Subscriber, receive func(context.Context, core.Subscriber) error) error {
			err := receive(ctx, s)
			pause(2 * time.Second)
			return err
		})},
		{"EndsOnContext", "it takes every end for a cancellation", editSubscribe(func(_ *rig, ctx context.Context, s core.Subscriber, receive func(context.Context, core.Subscriber) error) error {
			if err := receive(ctx, s); ctx.Err() == nil {
				return err
			}
			return context.Canceled
		})},
		{"NothingAfterReturn", "delivery goes on a little", editSubscribe(func(r *rig, ctx context.Context, s core.Subscriber, receive func(context.Context, core.Subscriber) error) error {
			inner, stop := context.WithCancel(context.WithoutCancel(ctx))
			ended := make(chan error, 1)
			r.work.Go(func() { ended <- receive(inner, s) })
			select {
			case <-ctx.Done():
				time.AfterFunc(50*time.Millisecond, stop)
				return ctx.Err()
			case err := <-ended:
				stop()
				return err
			}
		})},
		{"NoGoroutineLeft", "each subscription leaves one", editSubscribe(func(r *rig, ctx context.Context, s core.Subscriber, receive func(context.Context, core.Subscriber) error) error {
			r.work.Go(func() { pause(time.Minute) })
			return receive(ctx, s)
		})},
	}
}

func lossMutants() []mutant {
	return []mutant{
		{"SlowSubscriber", "publishers wait for it", waitForSubscriber},
		{"SlowSubscriber", "the others wait for it", oneDeliverer},
		{"Overflow", "it is not told", hideJoined(func(rejoin, cut bool) bool { return rejoin && !cut })},
		{"Overflow", "it is told that nothing was lost", claimGapless(func(cut bool) bool { return !cut })},
		{"Cut", "it is not told", hideJoined(func(rejoin, cut bool) bool { return rejoin && cut })},
		{"Cut", "it is told that nothing was lost", claimGapless(func(cut bool) bool { return cut })},
		{"Cut", "what a gapless repair promises is missing", func(r *rig) {
			claimGapless(func(cut bool) bool { return cut })(r)
			r.change = func(h *backplanetest.Harness) { h.Features.Gapless = true }
			loseWhileCut(r)
		}},
		{"PublishWhileCut", "messages are held back", holdBack(nil)},
		{"PublishWhileCut", "refused messages are sent later", holdBack(localbus.ErrDisconnected)},
		{"Stall", "it goes unnoticed", func(r *rig) {
			r.stall = func() (resume func()) { return func() {} }
		}},
	}
}

// waitForSubscriber makes Publish wait while any subscriber is busy.
func waitForSubscriber(r *rig) {
	r.onNode = func(f *fake) {
		busy := func() chan struct{} {
			sem, _ := r.state.LoadOrStore("busy", make(chan struct{}, 1))
			return sem.(chan struct{})
		}
		publish, subscribe := f.publish, f.subscribe
		f.publish = func(ctx context.Context, msg []byte) error {
			select {
			case busy() <- struct{}{}:
				<-busy()
			case <-ctx.Done():
				return ctx.Err()
			}
			return publish(ctx, msg)
		}
		f.subscribe = func(ctx context.Context, s core.Subscriber) error {
			return subscribe(ctx, &tap{s.Joined, func(msg []byte) {
				busy() <- struct{}{}
				s.Message(msg)
				<-busy()
			}})
		}
	}
}

// oneDeliverer makes a subscriber wait while another is busy.
func oneDeliverer(r *rig) {
	tapped(func(r *rig, s core.Subscriber, t *tap) {
		sem, _ := r.state.LoadOrStore("busy", make(chan struct{}, 1))
		busy := sem.(chan struct{})
		t.message = func(msg []byte) {
			busy <- struct{}{}
			s.Message(msg)
			<-busy
		}
	})(r)
}

// hideJoined swallows some Joined: hide is asked whether it is not the first and
// whether there has been a cut.
func hideJoined(hide func(rejoin, cut bool) bool) func(r *rig) {
	return tapped(func(r *rig, s core.Subscriber, t *tap) {
		joined := false
		t.joined = func(gapless bool) {
			if !hide(joined, r.wasCut()) {
				s.Joined(gapless)
			}
			joined = true
		}
	})
}

// claimGapless turns every later Joined(false) into Joined(true).
func claimGapless(when func(cut bool) bool) func(r *rig) {
	return tapped(func(r *rig, s core.Subscriber, t *tap) {
		joined := false
		t.joined = func(bool) {
			s.Joined(joined && when(r.wasCut()))
			joined = true
		}
	})
}

// loseWhileCut accepts messages while cut and drops them.
func loseWhileCut(r *rig) {
	onNode := r.onNode
	r.onNode = func(f *fake) {
		onNode(f)
		publish := f.publish
		f.publish = func(ctx context.Context, msg []byte) error {
			err := publish(ctx, msg)
			if errors.Is(err, localbus.ErrDisconnected) && bytes.HasPrefix(msg, []byte("cut")) {
				return nil
			}
			return err
		}
	}
}

// holdBack sends later what it could not send, and returns answer meanwhile.
func holdBack(answer error) func(r *rig) {
	return func(r *rig) {
		r.onNode = func(f *fake) {
			send := f.publish
			f.publish = func(ctx context.Context, msg []byte) error {
				err := send(ctx, msg)
				if !errors.Is(err, localbus.ErrDisconnected) {
					return err
				}
				late := bytes.Clone(msg)
				r.work.Go(func() {
					pause(10 * time.Millisecond) // a reconnected node is told first
					for send(context.Background(), late) != nil {
						pause(10 * time.Millisecond)
					}
				})
				return answer
			}
		}
	}
}

func abilityMutants() []mutant {
	return []mutant{
		{"AfterClose", "Publish succeeds", func(r *rig) {
			r.onClosed = func(f *fake) { f.publish = func(context.Context, []byte) error { return nil } }
		}},
		{"AfterClose", "Publish panics", func(r *rig) {
			r.onClosed = func(f *fake) {
				f.publish = func(context.Context, []byte) error { panic("send on closed channel") }
			}
		}},
		{"AfterClose", "Subscribe waits for ever", func(r *rig) {
			r.onClosed = func(f *fake) {
				f.subscribe = func(ctx context.Context, _ core.Subscriber) error {
					<-ctx.Done()
					return ctx.Err()
				}
			}
		}},
		{"Abilities", "Ping is not declared", func(r *rig) {
			r.change = func(h *backplanetest.Harness) { h.Features.Ping = false }
		}},
		{"Abilities", "Ping is hidden by a wrapper", func(r *rig) {
			r.wrap = func(b core.Backplane) core.Backplane { return struct{ core.Backplane }{b} }
		}},
		{"Ping", "it fails while the server answers", func(r *rig) {
			r.onNode = func(f *fake) { f.ping = func(context.Context) error { return errors.New("unknown command") } }
		}},
	}
}
