// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
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
// before the write must not stay.
func collide(t *testing.T, a, b *node) {
	t.Helper()
	share(16, racingKeys, func(i int) {
		if i%3 > 0 {
			a.set(t, fmt.Sprint("k", i), 1)
		}
	})
	f := gives(1)
	var writes, reads sync.WaitGroup
	writes.Go(func() { share(16, racingKeys, func(i int) { a.set(t, fmt.Sprint("k", i), 2) }) })
	reads.Go(func() {
		share(16, racingKeys, func(i int) {
			if v, err := b.GetOrSet(t.Context(), fmt.Sprint("k", i), f.load); err != nil || v < 1 || v > 2 {
				t.Errorf("get or set: %d, %v", v, err)
			}
		})
	})
	writes.Wait()
	reads.Wait()

	// Quiet, for 500 ms; a machine that is busy may take longer to be quiet.
	at(time.Now(), 500*time.Millisecond)
	soon(t, patience, "B to have what A wrote", func() bool { return behind(t, b) == 0 })
	if n := behind(t, a); n > 0 {
		t.Errorf("A itself does not have %d of its %d writes", n, racingKeys)
	}
}

// behind returns how many keys the node does not have the new value of.
func behind(t *testing.T, n *node) (keys int) {
	t.Helper()
	for i := range racingKeys {
		if !n.has(t, fmt.Sprint("k", i), 2) {
			keys++
		}
	}
	return keys
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
