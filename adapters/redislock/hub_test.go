// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redislock

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
)

// lonelyHub is a hub whose client reaches no server.
func lonelyHub(t *testing.T) *hub {
	client := redis.NewClient(&redis.Options{
		Addr:                  "127.0.0.1:1",
		ContextTimeoutEnabled: true,
		DialerRetries:         1,
		Dialer:                func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("nobody there") },
	})
	t.Cleanup(func() { _ = client.Close() })
	return newHub(client)
}

// A waiter may be about to look at what it has heard before when the hub is closed.
func TestClose_IsHeardByThoseWithNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := lonelyHub(t)
		w, err := h.join("k")
		if err != nil {
			t.Fatal(err)
		}
		h.confirmed("k")
		h.close()
		for range 2 {
			if _, err = w.next(t.Context(), time.Minute); err != nil {
				break
			}
		}
		if !errors.Is(err, errClosed) {
			t.Errorf("got %v, want that the locker is closed", err)
		}
	})
}

// Close ends the connection that it finds. One that is made just then would be
// received from for ever.
func TestClose_LeavesNoConnectionThatIsMadeMeanwhile(t *testing.T) {
	h := lonelyHub(t)
	h.close()
	pubsub := h.open()
	if _, err := pubsub.Receive(t.Context()); !errors.Is(err, redis.ErrClosed) {
		t.Errorf("got %v, want a closed connection", err)
	}
	if h.pubsub != nil {
		t.Error("it is the present one")
	}
}
