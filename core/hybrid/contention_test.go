// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// Hits of many goroutines do not wait for each other: what all keys shared would show in
// the profile of contended locks. That holds for any number of cores.
func TestSeed_ST9_HitsShareNoLock(t *testing.T) {
	before := runtime.SetMutexProfileFraction(1)
	defer runtime.SetMutexProfileFraction(before)

	c := open[int](t, hybrid.Options{
		Memory:   hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: 10_000})),
		Defaults: core.EntryOptions{TTL: time.Hour},
	})
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = strconv.Itoa(i)
		if _, err := c.Set(t.Context(), keys[i], i); err != nil {
			t.Fatal(err)
		}
	}
	f := &F[int]{results: []func() (int, error){returns(-1)}}
	known := contentions()
	contend(func(turn int) {
		key := turn % len(keys)
		if v, err := c.GetOrSet(t.Context(), keys[key], f.load); v != key || err != nil {
			t.Errorf("got %d, %v", v, err)
		}
	})
	// A sync.Pool takes a lock after each collection of garbage, once for each processor.
	const few = 50
	for stack, times := range contentions() {
		if strings.HasPrefix(stack, "sync.") && times > known[stack]+few {
			t.Errorf("hits have waited %d times for a lock:\n%s", times-known[stack], stack)
		}
	}

	var one sync.Mutex
	contend(func(int) { underLock(&one) })
	shown := false
	for stack, times := range contentions() {
		shown = shown || times > few && strings.HasPrefix(stack, "sync.") && strings.Contains(stack, "underLock")
	}
	if !shown {
		t.Error("the profile does not show a lock that all share")
	}
}

// contend has 16 goroutines do something, often.
func contend(do func(turn int)) {
	crowd(16, func(i int) {
		for n := range 20_000 {
			do(i + n)
		}
	})
}

//go:noinline
func underLock(mu *sync.Mutex) {
	mu.Lock()
	defer mu.Unlock()
	for range 10 {
		runtime.Gosched()
	}
}

// contentions returns how often so far goroutines have waited for locks that were let go
// where a stack says.
func contentions() map[string]int64 {
	records := make([]runtime.BlockProfileRecord, 10_000)
	n, _ := runtime.MutexProfile(records)
	times := make(map[string]int64)
	for _, r := range records[:min(n, len(records))] {
		var s strings.Builder
		frames := runtime.CallersFrames(r.Stack())
		for more := true; more; {
			var f runtime.Frame
			f, more = frames.Next()
			s.WriteString(f.Function + "\n")
		}
		times[s.String()] += r.Count
	}
	return times
}
