// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/core"
)

// racingKeys is how many keys are read and written at once; fewer with the race
// detector, which makes each step many times as long.
const racingKeys = 3000 - raceDetectorLess*2000

func TestSeed_DC3_NoInvalidationIsLostToAReadUnderWay(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{})
		collide(t, a, b)
	})
}

func TestSeed_DC3_NoInvalidationIsLostOnASlowLink(t *testing.T) {
	t.Parallel()
	everywhereConnected(t, func(t *testing.T, w world) {
		t.Parallel()
		a, b := pair(t, w, core.EntryOptions{})
		stop := jitter(b.net, time.Millisecond, 20*time.Millisecond)
		defer stop()
		collide(t, a, b)
	})
}

// collide has B read and A write the same keys at the same time: keys that the
// server has with an older value, and keys that it does not have. What B read
// before the write must not stay: when it has been quiet for 500 ms, and for as long
// as the machine stood still, B has all of what A wrote.
func collide(t *testing.T, a, b *node) {
	t.Helper()
	round := 0
	within3(t, func() error {
		round++
		key := func(i int) string { return fmt.Sprint("round", round, "-", i) }
		writeWhileRead(t, a, b, key)
		quiet := time.Now()
		at(quiet, 500*time.Millisecond)
		at(time.Now(), hops*machine.worst(quiet))
		late := behind(t, b, key)
		soon(t, patience, "B to have what A wrote", func() bool { return behind(t, b, key) == 0 })
		if n := behind(t, a, key); n > 0 {
			t.Errorf("A itself does not have %d of its %d writes", n, racingKeys)
		}
		if late > 0 {
			return fmt.Errorf("after 500 ms of quiet B does not have %d of %d writes", late, racingKeys)
		}
		return nil
	})
}

// writeWhileRead returns when A has written 2 to all keys and B has read each.
func writeWhileRead(t *testing.T, a, b *node, key func(i int) string) {
	t.Helper()
	share(16, racingKeys, func(i int) {
		if i%3 > 0 {
			a.set(t, key(i), 1)
		}
	})
	f := gives(1)
	var writes, reads sync.WaitGroup
	writes.Go(func() { share(16, racingKeys, func(i int) { a.set(t, key(i), 2) }) })
	reads.Go(func() {
		share(16, racingKeys, func(i int) {
			if v, err := b.GetOrSet(t.Context(), key(i), f.load); err != nil || v < 1 || v > 2 {
				t.Errorf("get or set: %d, %v", v, err)
			}
		})
	})
	writes.Wait()
	reads.Wait()
}

// behind returns how many keys the node does not have the new value of.
func behind(t *testing.T, n *node, key func(i int) string) int64 {
	t.Helper()
	var keys atomic.Int64
	share(16, racingKeys, func(i int) {
		if !n.has(t, key(i), 2) {
			keys.Add(1)
		}
	})
	return keys.Load()
}

// jitter gives the delay of a link a new random value every few milliseconds,
// until stop is called.
func jitter(p *netfault.Proxy, least, most time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(3 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			p.Delay(least + rand.N(most-least))
			<-tick.C
		}
		p.Restore()
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// A load on one node that was slower than a write on another is not stored.
func TestSeed_DC3_LateLoadDoesNotReplaceAWriteElsewhere(t *testing.T) {
	w := startRedis(t)
	a, b := pair(t, w, core.EntryOptions{})
	for round := range 20 {
		key := "late" + strconv.Itoa(round)
		reached, release := make(chan struct{}), make(chan struct{})
		var load sync.WaitGroup
		load.Go(func() {
			_, _ = b.GetOrSet(t.Context(), key, func(context.Context, string) (int, error) {
				close(reached)
				<-release
				return 1, nil
			})
		})
		<-reached
		a.commit(t, key, 2)
		close(release)
		load.Wait()
		soon(t, time.Second, "the write on B", func() bool { return b.has(t, key, 2) })
		a.want(t, key, 2)
	}
}
