// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/fusioncache-go/fusioncache/backplanes/internal/redisconn"
	"github.com/fusioncache-go/fusioncache/core"
)

// Subscribe delivers the messages of the other backplane, and the changes of
// keys, to s, which must be a [core.KeySubscriber]. It returns when ctx ends, when
// the subscription to the other backplane is lost, or when the connection to a
// server is. Joined(false) also says that a server has lost all its keys.
func (b *Backplane) Subscribe(ctx context.Context, s core.Subscriber) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	keys, ok := s.(core.KeySubscriber)
	if !ok {
		return fmt.Errorf("redistracking: %w", ErrSubscriber)
	}
	lost, err := b.subscribe(ctx, &joint{prefix: b.options.Prefix, to: s, keys: keys})
	switch done := redisconn.Done(ctx); {
	case done != nil:
		return done
	case lost != nil:
		return b.failure(ctx, "tracking of", lost)
	}
	return err
}

// subscribe tracks first, so that no change is missed once the other backplane
// has joined. It returns why tracking was lost, or how the other backplane ended.
func (b *Backplane) subscribe(ctx context.Context, j *joint) (lost, err error) {
	if err := b.ping(ctx); err != nil {
		return err, nil // a client that is closed, for one
	}
	servers, err := b.servers(ctx)
	if err != nil {
		return err, nil
	}
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	run := func(part func(ctx context.Context) error) {
		running.Go(func() { cancel(&lossError{part(ctx)}) })
	}
	for _, options := range servers {
		t, err := b.track(ctx, options, j)
		if err != nil {
			return err, nil
		}
		run(t.run)
	}
	if b.clustered() {
		run(func(ctx context.Context) error { return b.compare(ctx, slices.Sorted(maps.Keys(servers))) })
	}
	err = b.inner.Subscribe(ctx, j)
	if loss, ok := context.Cause(ctx).(*lossError); ok {
		return loss.error, nil
	}
	return nil, err
}

// lossError is how one part of a subscription ended, which ends the others.
type lossError struct{ error }
