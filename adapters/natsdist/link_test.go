// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go"
)

// offline returns a link on a connection that was never made, whose events the
// test sends itself.
func offline() *link { return newLink(&nats.Conn{}) }

func TestLink_FollowsTheConnection(t *testing.T) {
	k := offline()
	steps := []struct {
		status nats.Status
		want   error
	}{
		{nats.CONNECTED, nil},
		{nats.RECONNECTING, nats.ErrDisconnected},
		{nats.CONNECTED, nil},
		{nats.DISCONNECTED, nats.ErrDisconnected},
		{nats.CLOSED, nats.ErrConnectionClosed},
	}
	if err := k.err(); !errors.Is(err, nats.ErrDisconnected) {
		t.Errorf("at first: %v, want %v", err, nats.ErrDisconnected)
	}
	for _, step := range steps {
		k.events <- step.status
		if err := k.err(); !errors.Is(err, step.want) {
			t.Errorf("after %v: %v, want %v", step.status, err, step.want)
		}
	}
}

func TestLink_AsksTheConnectionAfterTooManyEvents(t *testing.T) {
	k := offline()
	for range cap(k.events) {
		k.events <- nats.CONNECTED
	}
	// The newest event did not fit: the connection is down in truth.
	if err := k.err(); !errors.Is(err, nats.ErrDisconnected) {
		t.Errorf("error = %v, want %v", err, nats.ErrDisconnected)
	}
}

func TestLink_StaysClosed(t *testing.T) {
	k := offline()
	k.events <- nats.CONNECTED
	if !k.close() || k.close() {
		t.Error("only the first close is the first")
	}
	if err := k.err(); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("error = %v, want %v", err, nats.ErrConnectionClosed)
	}
}
