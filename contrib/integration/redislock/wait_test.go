// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redislock_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
)

// Who waits is subscribed for so long and no longer, on one connection.
func TestWait_SubscribesForAsLongAsItWaits(t *testing.T) {
	s := redistest.Start(t, nil)
	locks, client := node(t, s.URL(), nil)
	var wg sync.WaitGroup
	var held []core.Lease
	for i := range 200 {
		name := fmt.Sprint("lock ", i)
		lease, err := locks.TryLock(t.Context(), name, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			if err := locks.Wait(t.Context(), name); err != nil {
				t.Errorf("wait for %s: %v", name, err)
			}
		})
		held = append(held, lease)
		if i%2 == 0 {
			redistest.Eventually(t, 10*time.Second, "a subscription", func() bool {
				n := client.PubSubNumSub(t.Context(), name).Val()
				return n[name] == 1
			})
			if err := lease.Release(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	redistest.Eventually(t, 10*time.Second, "100 subscriptions", func() bool {
		return len(client.PubSubChannels(t.Context(), "*").Val()) == 100
	})
	for _, lease := range held {
		if err := lease.Release(t.Context()); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	redistest.Eventually(t, 10*time.Second, "no subscription", func() bool {
		return len(client.PubSubChannels(t.Context(), "*").Val()) == 0
	})
}

func TestClose_EndsTheWaitOfAll(t *testing.T) {
	s := redistest.Start(t, nil)
	locks, client := node(t, s.URL(), nil)
	if _, err := locks.TryLock(t.Context(), "k", time.Minute); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- locks.Wait(t.Context(), "k") }()
	redistest.Eventually(t, 10*time.Second, "a subscription", func() bool {
		return client.PubSubNumSub(t.Context(), "k").Val()["k"] == 1
	})
	if err := errors.Join(locks.Close(), locks.Close()); err != nil {
		t.Error(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("Wait says that the lock is free")
		}
	case <-time.After(10 * time.Second):
		t.Error("Wait does not end")
	}
	if err := locks.Wait(t.Context(), "k"); err == nil {
		t.Error("a closed locker can wait")
	}
}

// A connection that does not answer is given up by the first who waits on it.
func TestWait_FindsOutThatItsConnectionIsDead(t *testing.T) {
	s := redistest.Start(t, nil)
	faults := redistest.NewFaults(t, s.Addr())
	locks, _ := node(t, s.URL(), faults)
	other, _ := node(t, s.URL(), nil)
	first, err := other.TryLock(t.Context(), "k", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	waits := func(ctx context.Context) chan error {
		ended := make(chan error, 1)
		go func() { ended <- locks.Wait(ctx, "k") }()
		return ended
	}
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	<-waits(short)
	faults.Hang()
	late, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := <-waits(late); err == nil {
		t.Error("Wait says that the lock is free")
	}
	faults.Restore()
	ended := waits(t.Context())
	time.AfterFunc(3*time.Second, func() { _ = first.Release(context.Background()) })
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("Wait does not hear of the release")
	}
}
