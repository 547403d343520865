// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natslink

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
)

// offline returns a link on a connection that was never made, whose events the
// test sends itself.
func offline(t *testing.T) *link {
	k := newLink(&nats.Conn{})
	t.Cleanup(func() { k.close() })
	return k
}

func TestLink_FollowsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := offline(t)
		steps := []struct {
			status nats.Status
			want   error
		}{
			{nats.CONNECTED, nil},
			{nats.RECONNECTING, nats.ErrDisconnected},
			{nats.RECONNECTING, nats.ErrDisconnected},
			{nats.CONNECTED, nil},
			{nats.CONNECTED, nil},
			{nats.DISCONNECTED, nats.ErrDisconnected},
			{nats.CLOSED, nats.ErrConnectionClosed},
		}
		if err := k.err(); !errors.Is(err, nats.ErrDisconnected) {
			t.Errorf("at first: %v, want %v", err, nats.ErrDisconnected)
		}
		for _, step := range steps {
			k.events <- step.status
			synctest.Wait()
			if err := k.err(); !errors.Is(err, step.want) {
				t.Errorf("after %v: %v, want %v", step.status, err, step.want)
			}
		}
	})
}

func TestLink_AsksTheConnectionAfterTooManyEvents(t *testing.T) {
	k := &link{conn: &nats.Conn{}, events: make(chan nats.Status, 10), ended: make(chan struct{})}
	k.now.Store(newPeriod())
	for range cap(k.events) {
		k.events <- nats.CONNECTED
	}
	close(k.events)
	k.follow()
	// The newest change did not fit: the connection is down in truth.
	if err := k.err(); !errors.Is(err, nats.ErrDisconnected) {
		t.Errorf("error = %v, want %v", err, nats.ErrDisconnected)
	}
}

func TestLink_LetsThoseGoWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := offline(t)
		k.events <- nats.CONNECTED
		synctest.Wait()
		ctx, release := k.bind(t.Context())
		defer release()
		k.events <- nats.RECONNECTING
		k.events <- nats.CONNECTED
		<-ctx.Done()
		if err := context.Cause(ctx); !errors.Is(err, nats.ErrDisconnected) {
			t.Errorf("cause = %v, want %v", err, nats.ErrDisconnected)
		}
		synctest.Wait()
		later, release := k.bind(t.Context())
		defer release()
		if later.Err() != nil || k.err() != nil {
			t.Errorf("after the reconnection: %v, %v", later.Err(), k.err())
		}
	})
}

func TestLink_KeepsTheCallersDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := offline(t)
		k.events <- nats.CONNECTED
		synctest.Wait()
		limited, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ctx, release := k.bind(limited)
		defer release()
		<-ctx.Done()
		if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cause = %v, want %v", err, context.DeadlineExceeded)
		}
	})
}

func TestLink_StaysClosed(t *testing.T) {
	k := newLink(&nats.Conn{})
	k.events <- nats.CONNECTED
	if !k.close() || k.close() {
		t.Error("only the first close is the first")
	}
	if err := k.err(); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("error = %v, want %v", err, nats.ErrConnectionClosed)
	}
}

func TestLink_EndsWithTheConnection(t *testing.T) {
	k := newLink(&nats.Conn{})
	k.events <- nats.CLOSED
	<-k.ended
	if err := k.err(); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("error = %v, want %v", err, nats.ErrConnectionClosed)
	}
}
