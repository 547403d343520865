// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-redis/cache/v9"
	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
	"github.com/fusioncache-go/fusioncache/core"
)

// remote is a way to read a record from Redis.
type remote struct {
	name string
	get  func(ctx context.Context, i int) (load.Struct6, error)
}

// coldKeys are far more than fit into the memories of those who read them in a cycle.
const coldKeys = 20_000

var errNoHit = errors.New("a factory was called, or a value was wrong")

func distributed(ctx context.Context, r *Run) (*report.Section, error) {
	s := &report.Section{
		Name: "distributed", Title: "Hit in Redis, with cold memory",
		Text: "Struct of six fields, 20,000 keys asked for in a cycle, memory for 100. Time for one read, ratio to go-redis and decoding; the server counts one command a read.",
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
	var trouble atomic.Pointer[core.Event]
	ours.stack.Events().Listen("benchmark", core.LayerFailed|core.DecodeFailed|core.Foreign|core.LayerMiss, func(ev core.Event) { trouble.Store(&ev) })
	fast, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{r.Redis}, DisableCache: true})
	if err != nil {
		return nil, err
	}
	defer fast.Close()
	if err := fillRedis(ctx, r, client); err != nil {
		return nil, err
	}
	remotes := []remote{
		{"go-redis, msgpack", rawGet(client)},
		{"rueidis, msgpack", rueidisGet(fast)},
		{"go-redis/cache", cacheGet(client)},
		{"ours", oursGet(ours)},
	}
	table := report.Table{Header: []string{"", "1 goroutine", "64", "256", "allocations", "commands a read"}}
	err = compareRemotes(ctx, r, s, &table, client, remotes)
	if ev := trouble.Load(); err != nil && ev != nil {
		err = fmt.Errorf("%w: event %x, key %q: %w", err, uint64(ev.Kind), ev.Key, ev.Err)
	}
	return s, err
}

func compareRemotes(ctx context.Context, r *Run, s *report.Section, table *report.Table, client redis.UniversalClient, remotes []remote) error {
	var failed atomic.Pointer[error]
	subjects := make([]measure.Subject, len(remotes))
	for i, one := range remotes {
		var next atomic.Int64
		subjects[i] = measure.Subject{Name: one.name, Run: func(_, n int) {
			first := int(next.Add(int64(n))) - n
			for j := range n {
				k := (first + j) % coldKeys
				if v, err := one.get(ctx, k); err != nil || !load.Record().Is(v, k) {
					err = errors.Join(fmt.Errorf("%s: %w", one.name, errNoHit), err)
					failed.Store(&err)
				}
			}
		}}
	}
	rows := make([][]any, len(remotes))
	for i, one := range remotes {
		rows[i] = []any{one.name}
	}
	for _, at := range []struct {
		goroutines  int
		most, bound float64
	}{{1, 1.1, boundRead1}, {64, 0.5, boundRead64}, {256, 0.3, boundRead256}} {
		g := at.goroutines
		r.Log("distributed: %d goroutines", g)
		times := measure.Paired(r.Rand, measure.Plan{Rounds: pick(r, 40, 8), Turn: 25 * time.Millisecond, Parallel: g}, subjects)
		for i := range remotes {
			rows[i] = append(rows[i], fmt.Sprintf("%.1f µs ×%.2f", times.Median(i)/1e3, times.Ratio(i, 0)))
		}
		s.Budgets = append(s.Budgets, report.Budget{
			What: fmt.Sprintf("distributed hit, %d goroutines: ours by go-redis and decoding", g), Got: times.Ratio(len(remotes)-1, 0), Most: at.most, Bound: at.bound,
		})
	}
	for i, one := range subjects {
		before := commands(ctx, client)
		count, _ := measure.Allocations(one, 2000)
		calls := float64(commands(ctx, client)-before-1) / 8000
		rows[i] = append(rows[i], fmt.Sprintf("%.1f", count), fmt.Sprintf("%.2f", calls))
		table.Add(rows[i]...)
		if i == len(subjects)-1 {
			s.Budgets = append(s.Budgets, report.Budget{What: "distributed hit: allocations", Got: count, Most: 14.05, Bound: boundReadAllocations})
		}
	}
	s.Tables = append(s.Tables, *table)
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// commands returns how many commands the server has processed.
func commands(ctx context.Context, client redis.UniversalClient) (n int64) {
	info := client.Info(ctx, "stats").Val()
	for line := range strings.Lines(info) {
		if rest, ok := strings.CutPrefix(line, "total_commands_processed:"); ok {
			_, _ = fmt.Sscan(rest, &n)
		}
	}
	return n
}

// fillRedis writes all keys, for us by another node: a node that has just written many
// keys may refuse a few of what it reads back, because what it knows of the latest
// versions is kept in little space.
func fillRedis(ctx context.Context, r *Run, client redis.UniversalClient) error {
	writer, err := newNode(r, "bench", 100, nil)
	if err != nil {
		return err
	}
	defer writer.close()
	values := make(map[string]load.Struct6, 1000)
	pipe := client.Pipeline()
	for i := range coldKeys {
		v := load.Record().Make(i)
		data, err := msgpack.Marshal(&v)
		if err != nil {
			return err
		}
		pipe.Set(ctx, "raw:"+load.Key(i), data, time.Hour)
		values[load.Key(i)] = v
		if len(values) < 1000 {
			continue
		}
		if _, err := writer.cache.SetMany(ctx, values); err != nil {
			return err
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
		clear(values)
	}
	return nil
}

func rawGet(client redis.UniversalClient) func(context.Context, int) (load.Struct6, error) {
	return func(ctx context.Context, i int) (v load.Struct6, err error) {
		data, err := client.Get(ctx, "raw:"+load.Key(i)).Bytes()
		if err == nil {
			err = msgpack.Unmarshal(data, &v)
		}
		return v, err
	}
}

func rueidisGet(client rueidis.Client) func(context.Context, int) (load.Struct6, error) {
	return func(ctx context.Context, i int) (v load.Struct6, err error) {
		data, err := client.Do(ctx, client.B().Get().Key("raw:"+load.Key(i)).Build()).AsBytes()
		if err == nil {
			err = msgpack.Unmarshal(data, &v)
		}
		return v, err
	}
}

func cacheGet(client redis.UniversalClient) func(context.Context, int) (load.Struct6, error) {
	c := cache.New(&cache.Options{Redis: client, LocalCache: cache.NewTinyLFU(100, time.Hour), Unmarshal: func(data []byte, v any) error {
		return msgpack.Unmarshal(data, v)
	}})
	return func(ctx context.Context, i int) (v load.Struct6, err error) {
		err = c.Once(&cache.Item{Ctx: ctx, Key: "raw:" + load.Key(i), Value: &v, Do: func(*cache.Item) (any, error) { return nil, errNoHit }})
		return v, err
	}
}

func noFactory(context.Context, string) (load.Struct6, error) { return load.Struct6{}, errNoHit }

func oursGet(n *node) func(context.Context, int) (load.Struct6, error) {
	return func(ctx context.Context, i int) (load.Struct6, error) {
		return n.cache.GetOrSet(ctx, load.Key(i), noFactory)
	}
}
