// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

func many(ctx context.Context, r *Run) (*report.Section, error) {
	const batch = 100
	s := &report.Section{
		Name: "many", Title: "GetOrSetMany of 100 keys from Redis",
		Text: "Struct of six fields, none of them in memory. The limit is MGET and decoding into a map.",
	}
	client, err := newClient(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	ours, err := newNode(r, "bench", 100, nil)
	if err != nil {
		return nil, err
	}
	defer ours.close()
	if err := fillRedis(ctx, r, client); err != nil {
		return nil, err
	}
	failed := 0
	check := func(first int, values map[string]load.Struct6, err error) {
		if err != nil || len(values) != batch || !load.Record().Is(values[load.Key(first)], first) {
			failed++
		}
	}
	load100 := func(context.Context, []string) (map[string]load.Struct6, error) { return nil, errNoHit }
	next := [2]int{}
	subjects := []measure.Subject{
		{Name: "MGET, msgpack", Run: func(_, n int) {
			for range n {
				first := next[0] % (coldKeys - batch)
				next[0] += batch
				values, err := rawMany(ctx, client, first, batch)
				check(first, values, err)
			}
		}},
		{Name: "ours, GetOrSetMany", Run: func(_, n int) {
			for range n {
				first := next[1] % (coldKeys - batch)
				next[1] += batch
				values, err := ours.cache.GetOrSetMany(ctx, keysFrom(first, batch), load100)
				check(first, values, err)
			}
		}},
	}
	r.Log("many")
	times := measure.Paired(r.Rand, measure.Plan{Rounds: pick(r, 60, 10), Turn: 25 * time.Millisecond}, subjects)
	table := report.Table{Header: []string{"", "100 keys", "allocations"}}
	for i, subject := range subjects {
		count, _ := measure.Allocations(subject, 200)
		table.Add(subject.Name, fmt.Sprintf("%.0f µs ×%.2f", times.Median(i)/1e3, times.Ratio(i, 0)), count)
	}
	s.Tables = append(s.Tables, table)
	s.Budgets = append(s.Budgets, report.Budget{What: "100 keys: GetOrSetMany by MGET and decoding", Got: times.Ratio(1, 0), Most: 1.2, Bound: boundMany})
	if failed > 0 {
		return nil, fmt.Errorf("many: %d reads failed", failed)
	}
	return s, nil
}

func keysFrom(first, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = load.Key(first + i)
	}
	return keys
}

func rawMany(ctx context.Context, client redis.UniversalClient, first, n int) (map[string]load.Struct6, error) {
	keys := keysFrom(first, n)
	raw := make([]string, n)
	for i, key := range keys {
		raw[i] = "raw:" + key
	}
	found, err := client.MGet(ctx, raw...).Result()
	if err != nil {
		return nil, err
	}
	out := make(map[string]load.Struct6, n)
	for i, data := range found {
		text, ok := data.(string)
		if !ok {
			continue
		}
		var v load.Struct6
		if err := msgpack.Unmarshal([]byte(text), &v); err != nil {
			return nil, err
		}
		out[keys[i]] = v
	}
	return out, nil
}
