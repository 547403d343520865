// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

// storeScript stores bytes and tells who listens: what a cache cannot do without.
const storeScript = `redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])`

func sets(ctx context.Context, r *Run) (*report.Section, error) {
	s := &report.Section{
		Name: "set", Title: "Set on both levels, with notification",
		Text: "Struct of six fields to Redis, acknowledged, with a message to the other nodes. The limit is a script that stores as many bytes and publishes a message, no less.",
	}
	client, err := newClient(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	ours, err := newNotifier(r, "set", 100_000)
	if err != nil {
		return nil, err
	}
	defer ours.close()
	script := redis.NewScript(storeScript)
	body, message := strings.Repeat("x", 169), strings.Repeat("m", 61) // as long as ours
	stop, err := listen(ctx, client, "heard")
	if err != nil {
		return nil, err
	}
	defer stop()
	var failed atomic.Int64
	bare := func(channel string) func(from, n int) {
		return func(from, n int) {
			for i := range n {
				if err := script.Run(ctx, client, []string{"bare:" + load.Key((from+i)%coldKeys)}, body, time.Hour.Milliseconds(), channel, message).Err(); err != nil && err != redis.Nil {
					failed.Add(1)
				}
			}
		}
	}
	subjects := []measure.Subject{
		{Name: "script: SET and PUBLISH", Run: bare("unheard")},
		{Name: "ours, Set", Run: func(from, n int) {
			for i := range n {
				k := (from + i) % coldKeys
				if _, err := ours.cache.Set(ctx, load.Key(k), load.Record().Make(k)); err != nil {
					failed.Add(1)
				}
			}
		}},
		{Name: "script, and its message comes back, as ours does", Run: bare("heard")},
	}
	table := report.Table{Header: []string{"", "1 goroutine", "64", "allocations"}}
	rows := [][]any{{subjects[0].Name}, {subjects[1].Name}, {subjects[2].Name}}
	for _, at := range []struct {
		goroutines int
		bound      float64
	}{{1, boundSet1}, {64, boundSet64}} {
		g := at.goroutines
		r.Log("set: %d goroutines", g)
		times := measure.Paired(r.Rand, measure.Plan{Rounds: pick(r, 40, 8), Turn: 25 * time.Millisecond, Parallel: g}, subjects)
		for i := range subjects {
			rows[i] = append(rows[i], fmt.Sprintf("%.1f µs ×%.2f", times.Median(i)/1e3, times.Ratio(i, 0)))
		}
		s.Budgets = append(s.Budgets, report.Budget{What: fmt.Sprintf("set, %d goroutines: ours by a bare script", g), Got: times.Ratio(1, 0), Most: 1.3, Bound: at.bound})
	}
	for i, subject := range subjects {
		count, _ := measure.Allocations(subject, 2000)
		table.Add(append(rows[i], fmt.Sprintf("%.1f", count))...)
	}
	s.Tables = append(s.Tables, table)
	counts, err := setCounts(ctx, r)
	if err != nil {
		return nil, err
	}
	s.Budgets = append(s.Budgets, counts...)
	if n := failed.Load(); n > 0 {
		return nil, fmt.Errorf("set: %d writes failed", n)
	}
	return s, nil
}

// listen receives messages of a channel, and does nothing with them, until stop.
func listen(ctx context.Context, client redis.UniversalClient, channel string) (stop func(), err error) {
	messages := client.Subscribe(ctx, channel)
	if _, err := messages.Receive(ctx); err != nil {
		return nil, errors.Join(err, messages.Close())
	}
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			if _, err := messages.ReceiveMessage(ctx); err != nil {
				return
			}
		}
	})
	return func() {
		_ = messages.Close()
		ended.Wait()
	}, nil
}
