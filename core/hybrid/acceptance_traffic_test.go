// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// born is a value that knows its key and when it was made.
type born struct {
	Key string
	At  time.Time
}

// traffic asks two nodes for a hundred keys of a source that fails now and then.
type traffic struct {
	nodes  []*hybrid.Cache[born]
	answer atomic.Int64
	stale  atomic.Int64 // answers that were flagged
}

func TestSeed_EX4_AnHourOfTrafficWithEverythingOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		defaults := core.EntryOptions{
			TTL: 300 * time.Second, StaleTTL: 900 * time.Second, Throttle: 60 * time.Second, MaxCycles: 3,
			SoftTimeout: time.Second, HardTimeout: 5 * time.Second, IdleTTL: 60 * time.Second,
		}
		objects, bytes := n.join(defaults), n.join(defaults)
		counted := hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: 1000}))
		objects.Memory, bytes.Memory = counted, hybrid.Must(freecachemem.New(freecachemem.MinSize, nil))
		tr := &traffic{nodes: []*hybrid.Cache[born]{open[born](t, objects), open[born](t, bytes)}}
		var served [2]keyCounts
		for i, c := range tr.nodes {
			c.Stack().Events().Listen("stale", core.StaleHit, func(ev core.Event) { served[i].add(ev.Key) })
		}
		end := time.Now().Add(time.Hour)
		var clients sync.WaitGroup
		for client := range 8 {
			clients.Go(func() { tr.client(t, uint64(client), end, &served[client%2]) })
		}
		clients.Wait()
		if n := counted.Len(); n > 1000 {
			t.Errorf("memory holds %d entries", n)
		}
		if answers, stale := tr.answer.Load(), tr.stale.Load(); answers < 10_000 || stale == 0 || stale > answers/2 {
			t.Errorf("%d answers, %d of them stale", answers, stale)
		}
		t.Logf("%d answers, %d of them stale", tr.answer.Load(), tr.stale.Load())
	})
}

// keyCounts counts events by key.
type keyCounts struct {
	mu sync.Mutex
	n  map[string]int
}

func (k *keyCounts) add(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.n == nil {
		k.n = make(map[string]int)
	}
	k.n[key]++
}

func (k *keyCounts) of(key string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.n[key]
}

func (tr *traffic) client(t *testing.T, id uint64, end time.Time, served *keyCounts) {
	rnd := rand.New(rand.NewPCG(id, 4))
	cache := tr.nodes[id%2]
	for time.Now().Before(end) {
		time.Sleep(time.Duration(rnd.Int64N(int64(4 * time.Second))))
		key := fmt.Sprint("key", rnd.IntN(100))
		before := served.of("v:" + key)
		v, err := cache.GetOrSet(t.Context(), key, tr.source(rnd.Uint64()))
		if err != nil {
			if !errors.Is(err, errBoom) && !errors.Is(err, core.ErrFactoryTimeout) {
				t.Errorf("%q: %v", key, err)
			}
			continue
		}
		tr.answer.Add(1)
		age := time.Since(v.At)
		stale := served.of("v:"+key) > before
		if stale {
			tr.stale.Add(1)
		}
		if v.Key != key || age > 900*time.Second+6*time.Second || (age > 306*time.Second && !stale) {
			t.Errorf("%q: value of %q, %v old, stale: %t", key, v.Key, age, stale)
		}
	}
}

// source is a factory with 10 % errors and 5 % slow calls.
func (tr *traffic) source(seed uint64) func(context.Context, string) (born, error) {
	rnd := rand.New(rand.NewPCG(seed, 5))
	return func(ctx context.Context, key string) (born, error) {
		delay := time.Duration(rnd.Int64N(int64(20 * time.Millisecond)))
		if rnd.IntN(20) == 0 {
			delay = 6 * time.Second
		}
		made := born{Key: key, At: time.Now()}
		if err := pause(ctx, delay, false); err != nil {
			return born{}, err
		}
		if rnd.IntN(10) == 0 {
			return born{}, errBoom
		}
		return made, nil
	}
}
