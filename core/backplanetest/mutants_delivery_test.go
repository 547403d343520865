// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func mutants() []mutant {
	return slices.Concat(joinMutants(), deliveryMutants(), publishMutants(), endMutants(), lossMutants(), abilityMutants())
}

// editPublish makes a mutant that publishes in another way; send is the correct
// one.
func editPublish(edit func(ctx context.Context, msg []byte, send func(context.Context, []byte) error) error) func(r *rig) {
	return func(r *rig) {
		r.onNode = func(f *fake) {
			send := f.publish
			f.publish = func(ctx context.Context, msg []byte) error { return edit(ctx, msg, send) }
		}
	}
}

func joinMutants() []mutant {
	return []mutant{
		{"JoinedFirst", "it claims that nothing was lost", tapped(func(_ *rig, s core.Subscriber, t *tap) {
			again := false
			t.joined = func(bool) {
				s.Joined(!again)
				again = true
			}
		})},
		{"JoinedFirst", "it is told twice", tapped(func(_ *rig, s core.Subscriber, t *tap) {
			t.joined = func(bool) { s.Joined(false); s.Joined(false) }
		})},
		{"JoinedFirst", "it is told again with a message", tapped(func(_ *rig, s core.Subscriber, t *tap) {
			t.message = func(msg []byte) { s.Message(msg); s.Joined(false) }
		})},
		{"JoinedIsActive", "it is told too early", tapped(func(r *rig, s core.Subscriber, t *tap) {
			var active time.Time
			t.joined = func(gapless bool) {
				active = time.Now().Add(5 * time.Millisecond)
				s.Joined(gapless)
			}
			t.message = func(msg []byte) {
				if !time.Now().Before(active) {
					s.Message(msg)
				}
			}
		})},
	}
}

func deliveryMutants() []mutant {
	return []mutant{
		{"ReachesAll", "the third subscriber is forgotten", func(r *rig) {
			r.onNode = func(f *fake) {
				subscribe := f.subscribe
				f.subscribe = func(ctx context.Context, s core.Subscriber) error {
					n, _ := r.state.LoadOrStore("subscribers", new(counter))
					if n.(*counter).add(1); n.(*counter).get() > 2 {
						s = &tap{s.Joined, func([]byte) {}}
					}
					defer n.(*counter).add(-1)
					return subscribe(ctx, s)
				}
			}
		}},
		{"ReachesOwn", "a node does not hear itself", noEcho},
		{"TwoSubscriptions", "the second takes the place of the first", oneSubscription},
		{"ByteExact", "line ends are trimmed", tapped(func(_ *rig, s core.Subscriber, t *tap) {
			t.message = func(msg []byte) { s.Message(bytes.TrimRight(msg, "\r\n")) }
		})},
		{"LargeMessage", "large messages are cut", tapped(func(_ *rig, s core.Subscriber, t *tap) {
			t.message = func(msg []byte) { s.Message(msg[:min(len(msg), maxMessage-1)]) }
		})},
		{"OtherChannel", "channels have one name", func(r *rig) { r.name = func() string { return "same" } }},
		{"OneAtATime", "two workers deliver", twoWorkers},
		{"OnceEach", "messages come twice", tapped(func(_ *rig, s core.Subscriber, t *tap) {
			t.message = func(msg []byte) { s.Message(msg); s.Message(msg) }
		})},
		{"StableInCall", "the next message takes the buffer", sharedBuffer},
	}
}

// counter is a number that goroutines share.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) add(d int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += d
}

func (c *counter) get() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// noEcho drops at each subscriber what its own node has published.
func noEcho(r *rig) {
	r.onNode = func(f *fake) {
		var own sync.Map
		publish, subscribe := f.publish, f.subscribe
		f.publish = func(ctx context.Context, msg []byte) error {
			own.Store(string(msg), true)
			return publish(ctx, msg)
		}
		f.subscribe = func(ctx context.Context, s core.Subscriber) error {
			return subscribe(ctx, &tap{s.Joined, func(msg []byte) {
				if _, ok := own.Load(string(msg)); !ok {
					s.Message(msg)
				}
			}})
		}
	}
}

// oneSubscription gives the messages of a node to the newest of its subscribers.
func oneSubscription(r *rig) {
	r.onNode = func(f *fake) {
		var newest counter
		subscribe := f.subscribe
		f.subscribe = func(ctx context.Context, s core.Subscriber) error {
			newest.add(1)
			me := newest.get()
			return subscribe(ctx, &tap{s.Joined, func(msg []byte) {
				if newest.get() == me {
					s.Message(msg)
				}
			}})
		}
	}
}

func twoWorkers(r *rig) {
	r.onNode = func(f *fake) {
		subscribe := f.subscribe
		f.subscribe = func(ctx context.Context, s core.Subscriber) error {
			var calls sync.WaitGroup
			defer calls.Wait()
			slots := make(chan struct{}, 2)
			return subscribe(ctx, &tap{s.Joined, func(msg []byte) {
				msg = bytes.Clone(msg)
				slots <- struct{}{}
				calls.Go(func() {
					s.Message(msg)
					<-slots
				})
			}})
		}
	}
}

// sharedBuffer lets a message change while the subscriber takes its time.
func sharedBuffer(r *rig) {
	r.onNode = func(f *fake) {
		subscribe := f.subscribe
		f.subscribe = func(ctx context.Context, s core.Subscriber) error {
			var calls sync.WaitGroup
			defer calls.Wait()
			return subscribe(ctx, &tap{s.Joined, func(msg []byte) {
				calls.Go(func() {
					pause(time.Millisecond)
					clear(msg)
				})
				s.Message(msg)
				calls.Wait()
			}})
		}
	}
}

func publishMutants() []mutant {
	return []mutant{
		{"CopiesIn", "the argument is kept", keepArgument},
		{"Oversize", "too large a message vanishes", editPublish(func(ctx context.Context, msg []byte, send func(context.Context, []byte) error) error {
			if len(msg) > maxMessage {
				return nil
			}
			return send(ctx, msg)
		})},
		{"Oversize", "too large a message ends the client", func(r *rig) {
			r.onNode = func(f *fake) {
				var broken counter
				send := f.publish
				f.publish = func(ctx context.Context, msg []byte) error {
					if len(msg) > maxMessage {
						broken.add(1)
					}
					if broken.get() > 0 {
						return errClosed
					}
					return send(ctx, msg)
				}
			}
		}},
		{"NoSubscribers", "it is an error", func(r *rig) {
			r.onNode = func(f *fake) {
				publish, subscribe := f.publish, f.subscribe
				f.subscribe = func(ctx context.Context, s core.Subscriber) error {
					r.state.Store("heard", true)
					return subscribe(ctx, s)
				}
				f.publish = func(ctx context.Context, msg []byte) error {
					if _, heard := r.state.Load("heard"); !heard {
						return errors.New("no responders")
					}
					return publish(ctx, msg)
				}
			}
		}},
		{"PublishDoneContext", "it is ignored", editPublish(func(ctx context.Context, msg []byte, send func(context.Context, []byte) error) error {
			return send(context.WithoutCancel(ctx), msg)
		})},
		{"PublishDoneContext", "the error hides it", editPublish(func(ctx context.Context, msg []byte, send func(context.Context, []byte) error) error {
			if send(ctx, msg) != nil {
				return errors.New("timeout")
			}
			return nil
		})},
	}
}

// keepArgument sends a message a moment after Publish has returned.
func keepArgument(r *rig) {
	r.onNode = func(f *fake) {
		send := f.publish
		f.publish = func(ctx context.Context, msg []byte) error {
			if len(msg) != 64 || bytes.ContainsRune(msg, ' ') {
				return send(ctx, msg)
			}
			r.work.Go(func() {
				pause(time.Millisecond)
				_ = send(context.WithoutCancel(ctx), msg)
			})
			return nil
		}
	}
}
