// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

// crowd is one contestant of a stampede.
type crowd struct {
	name  string
	get   func(key string)
	loads atomic.Int64
	took  []float64
	count []float64 // allocations for a caller
	most  int64     // loads of one stampede
}

func stampedes(ctx context.Context, r *Run) (*report.Section, error) {
	const callers = 10_000
	s := &report.Section{
		Name: "stampede", Title: "10,000 callers on one cold key",
		Text: "The loader takes 10 ms. From the start until the last of the goroutines, which run already, has its value; the limit is as many goroutines that wait for one channel to be closed.",
	}
	crowds, end, err := newCrowds(ctx, r)
	if err != nil {
		return nil, err
	}
	defer end()
	r.Log("stampede")
	rounds := pick(r, 20, 3)
	for round := range rounds {
		for _, i := range r.Rand.Perm(len(crowds)) {
			crowds[i].rush(callers, load.Key(round))
		}
	}
	table := report.Table{Header: []string{"", "total", "ratio", "loads, at most", "allocations a caller"}}
	for _, c := range crowds {
		ratio := ratioOf(c.took, crowds[0].took)
		table.Add(c.name, fmt.Sprintf("%.1f ms", measure.Median(c.took)/1e6), fmt.Sprintf("×%.2f", ratio), c.most, measure.Median(c.count))
		if c.name == peers.OursOtter || c.name == peers.OursFreecache {
			bound, allocations := boundStampede, boundStampedeAllocations
			if c.name == peers.OursFreecache {
				bound, allocations = boundStampedeBytes, boundStampedeBytesAllocations
			}
			s.Budgets = append(s.Budgets,
				report.Budget{What: "stampede: " + c.name + ", loads", Got: float64(c.most), Most: 1},
				report.Budget{What: "stampede: " + c.name + " by a closed channel", Got: ratio, Most: 1.1, Bound: bound},
				report.Budget{What: "stampede: " + c.name + ", allocations a waiter", Got: measure.Median(c.count), Most: 0.1, Bound: allocations})
		}
	}
	s.Tables = append(s.Tables, table)
	return s, nil
}

func newCrowds(ctx context.Context, r *Run) ([]*crowd, func(), error) {
	limit := &crowd{name: "closed channel"}
	limit.get = channelLoad(limit)
	crowds := []*crowd{limit}
	var open []peers.Cache[string]
	end := func() {
		for _, c := range open {
			c.Close()
		}
	}
	for _, p := range peers.All[string]() {
		if p.NeedsRedis || p.Name == "otter, Get" || p.Name == "ristretto" || p.Class == peers.Limit && p.Name != peers.OtterLoad {
			continue // no single flight
		}
		c := &crowd{name: p.Name}
		cache, err := p.New(peers.Config[string]{Capacity: 1000, Redis: r.Redis, Load: func(_ context.Context, key string) (string, error) {
			if c.loads.Add(1) > 0 {
				<-time.After(10 * time.Millisecond)
			}
			return load.Text().Make(load.Number(key)), nil
		}})
		if err != nil {
			end()
			return nil, nil, err
		}
		open = append(open, cache)
		c.get = func(key string) { _, _ = cache.Get(ctx, key) }
		crowds = append(crowds, c)
	}
	return crowds, end, nil
}

// channelLoad returns a single flight that is nothing else.
func channelLoad(c *crowd) func(key string) {
	var mu sync.Mutex
	flights := map[string]chan struct{}{}
	return func(key string) {
		mu.Lock()
		done, ok := flights[key]
		if !ok {
			done = make(chan struct{})
			flights[key] = done
		}
		mu.Unlock()
		if ok {
			<-done
			return
		}
		c.loads.Add(1)
		<-time.After(10 * time.Millisecond)
		close(done)
	}
}

// rush lets n goroutines ask for key at once.
func (c *crowd) rush(n int, key string) {
	runtime.GC()
	start := make(chan struct{})
	var ready, done sync.WaitGroup
	for range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			c.get(key)
		})
	}
	ready.Wait()
	before := c.loads.Load()
	var m0, m1 runtime.MemStats
	runtime.ReadMemStats(&m0)
	began := time.Now()
	close(start)
	done.Wait()
	c.took = append(c.took, float64(time.Since(began)))
	runtime.ReadMemStats(&m1)
	c.count = append(c.count, float64(m1.Mallocs-m0.Mallocs)/float64(n))
	c.most = max(c.most, c.loads.Load()-before)
}

func ratioOf(a, b []float64) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return measure.Median(ratios)
}
