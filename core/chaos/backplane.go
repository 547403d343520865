// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos

import (
	"context"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// Backplane returns a backplane that does what b does, as far as the plan lets
// it. Publications meet Fail, FailAfter, Hang and Delay of [Faults]; messages, for
// each subscription apart, Drop, Duplicate, Reorder, Delay and Garble. A delayed
// message is overtaken by others. Changes of keys, for a [core.KeySubscriber], meet
// the same, but Garble.
//
// Losses are silent, as on a real network: only the next Joined that b itself
// reports is no longer gapless. Of messages that are held back at most 1024 wait;
// those beyond are lost, which Joined(false) reports.
//
// If b is a [core.Pinger], so is the result, and goes wrong likewise.
func Backplane(b core.Backplane, plan *Plan) core.Backplane {
	w := &backplane{inner: b, plan: plan}
	if pinger, ok := core.As[core.Pinger](b); ok {
		return &backplanePinger{w, pinger}
	}
	return w
}

type backplane struct {
	inner core.Backplane
	plan  *Plan
}

func (w *backplane) Publish(ctx context.Context, msg []byte) error {
	_, err := w.plan.roll(publication).carryOut(ctx, "publish", "", func() error { return w.inner.Publish(ctx, msg) })
	return err
}

// Subscribe hands messages on by a goroutine that ends before it returns.
func (w *backplane) Subscribe(ctx context.Context, s core.Subscriber) error {
	d := newDelivery(w.plan, s)
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wg.Go(func() { d.run(ctx) })
	if d.keys != nil {
		return w.inner.Subscribe(ctx, keyDelivery{d})
	}
	return w.inner.Subscribe(ctx, d)
}

// backplanePinger is a backplane that can ping.
type backplanePinger struct {
	*backplane
	pinger core.Pinger
}

func (w *backplanePinger) Ping(ctx context.Context) error {
	_, err := w.plan.roll(publication).carryOut(ctx, "ping", "", func() error { return w.pinger.Ping(ctx) })
	return err
}
