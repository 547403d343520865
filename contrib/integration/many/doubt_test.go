// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package many_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

// trips notes what a client reads: one line for each round trip.
type trips struct {
	mu    sync.Mutex
	lines []string
}

func (r *trips) DialHook(next redis.DialHook) redis.DialHook { return next }

func (r *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		r.note(cmd)
		return next(ctx, cmd)
	}
}

func (r *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		r.note(cmds...)
		return next(ctx, cmds)
	}
}

func (r *trips) note(cmds ...redis.Cmder) {
	reads := slices.DeleteFunc(slices.Clone(cmds), func(c redis.Cmder) bool { return !strings.HasPrefix(c.Name(), "get") })
	if len(reads) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprint(len(reads), " ", reads[0].Name()))
}

// take returns the round trips so far and forgets them.
func (r *trips) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := r.lines
	r.lines = nil
	return strings.Join(lines, ", ")
}

// doubter is a node that holds large values of the keys 0 to 100.
type doubter struct {
	*view
	server *redistest.Server
	trips  *trips
}

func newDoubter(tb testing.TB, size int) doubter {
	tb.Helper()
	server := redistest.Start(tb, nil)
	client := redis.NewUniversalClient(hybrid.Must(redisdist.ClientOptions(server.URL(), nil)))
	tb.Cleanup(func() { _ = client.Close() })
	d := doubter{server: server, trips: new(trips)}
	client.AddHook(d.trips)
	bus := hybrid.Must(redisbus.New(client, hybrid.Channel(app), nil))
	d.view = node(tb, hybrid.Must(redisdist.New(client, nil)), bus)
	if outcome, err := d.SetMany(tb.Context(), large(ids(0, 101), size)); outcome != core.Committed || err != nil {
		tb.Fatalf("set: %v, %v", outcome, err)
	}
	return d
}

// large returns values of so many bytes.
func large(keys []int, size int) map[int]string {
	out := map[int]string{}
	for _, id := range keys {
		out[id] = strings.Repeat(fmt.Sprint(id, " "), size)[:size]
	}
	return out
}

// doubt cuts the subscription of the node, which then doubts its copies, and has it
// learn the mark of the whole cache again.
func (d doubter) doubt(tb testing.TB) {
	tb.Helper()
	doubts := func(id int) bool {
		x, err := d.Explain(tb.Context(), id)
		return err == nil && !x.Trusted && !x.Node.Deaf
	}
	if err := d.server.Client().Do(tb.Context(), "client", "kill", "type", "pubsub").Err(); err != nil {
		tb.Fatal(err)
	}
	soon(tb, "the node to doubt what it holds", func() bool { return doubts(0) })
	soon(tb, "the node to believe what it has asked about", func() bool { // it may subscribe again just now
		_, ok, err := d.Get(tb.Context(), 100)
		if !ok || err != nil {
			tb.Fatalf("got %t, %v", ok, err)
		}
		return !doubts(100)
	})
	d.trips.take()
}

func (d doubter) sent(tb testing.TB) int {
	tb.Helper()
	n, err := strconv.Atoi(d.server.Info(tb, "stats", "total_net_output_bytes"))
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// A hundred copies in doubt cost one round trip, which carries their headers.
func TestSpec34_3_CopiesInDoubtAreRevalidatedInOneRoundTrip(t *testing.T) {
	d := newDoubter(t, 10_000)
	d.doubt(t)
	before := d.sent(t)
	got, err := d.GetMany(t.Context(), ids(0, 100))
	if err != nil || len(got) != 100 || !strings.HasPrefix(got[7], "7 7 ") {
		t.Errorf("%d products, %v", len(got), err)
	}
	if got, want := d.trips.take(), "100 getrange"; got != want {
		t.Errorf("round trips: %s; want %s", got, want)
	}
	if n := d.sent(t) - before; n > 50_000 { // and what the test itself asks
		t.Errorf("the server sent %d bytes for 100 headers", n)
	} else {
		t.Logf("the server sent %d bytes for 100 headers", n)
	}
	if got, err := d.GetMany(t.Context(), ids(0, 100)); len(got) != 100 || err != nil || len(d.trips.take()) > 0 {
		t.Errorf("%d products, %v; they are asked about again", len(got), err)
	}
}

// What has changed costs a second round trip.
func TestSpec34_3_OnlyWhatHasChangedIsReadWhole(t *testing.T) {
	d := newDoubter(t, 1000)
	silent := silentNode(t, d.server.URL())
	if outcome, err := silent.SetMany(t.Context(), map[int]string{7: "changed", 8: "changed"}); outcome != core.Committed || err != nil {
		t.Fatalf("set: %v, %v", outcome, err)
	}
	d.doubt(t)
	got, err := d.GetMany(t.Context(), ids(0, 100))
	if err != nil || len(got) != 100 || got[7] != "changed" || got[8] != "changed" {
		t.Errorf("%d products, %v; got %q", len(got), err, got[7])
	}
	if got, want := d.trips.take(), "100 getrange, 2 get"; got != want {
		t.Errorf("round trips: %s; want %s", got, want)
	}
}

// silentNode returns a node that does not tell of its writes.
func silentNode(tb testing.TB, url string) *view {
	tb.Helper()
	layer := hybrid.Must(redisdist.Open(url, nil))
	tb.Cleanup(func() { _ = layer.Close() })
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name: app, Memory: hybrid.Must(ottermem.New(nil)), Distributed: layer, Serializer: hybrid.Must(msgpackser.New(nil)),
		Defaults: core.EntryOptions{TTL: time.Hour, StaleTTL: 2 * time.Hour},
	}))
	tb.Cleanup(func() { _ = stack.Close(context.Background()) })
	return hybrid.NewKeyed(hybrid.Must(hybrid.Of[string](stack, "product")), hybrid.IntKey[int])
}

// deaf is a backplane that says, when told to, that messages were lost.
type deaf struct{ lost chan struct{} }

func (deaf) Publish(context.Context, []byte) error { return nil }

func (d deaf) Subscribe(ctx context.Context, s core.Subscriber) error {
	s.Joined(false)
	for {
		select {
		case <-d.lost:
			s.Joined(false)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// BenchmarkGetMany_InDoubt reads 100 copies of values of several sizes that are in
// doubt, by their headers and, as if they were not there, by whole values.
func BenchmarkGetMany_InDoubt(b *testing.B) {
	server := redistest.Start(b, nil)
	for _, size := range []int{100, 1000, 4000, 16_000} {
		bus := deaf{make(chan struct{})}
		layer := hybrid.Must(redisdist.Open(server.URL(), nil))
		b.Cleanup(func() { _ = layer.Close() })
		products := node(b, layer, bus)
		if _, err := products.SetMany(b.Context(), large(ids(0, 101), size)); err != nil {
			b.Fatal(err)
		}
		for _, way := range []struct {
			name string
			opts []core.Option
		}{{"whole", []core.Option{core.Without(core.SkipMemoryRead)}}, {"headers", nil}} {
			b.Run(fmt.Sprint(size, " bytes/", way.name), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					bus.lost <- struct{}{}
					soon(b, "the node to doubt", func() bool {
						x, err := products.Explain(b.Context(), 0)
						return err == nil && !x.Trusted
					})
					_, _, _ = products.Get(b.Context(), 100) // learns the mark of the cache
					b.StartTimer()
					if got, err := products.GetMany(b.Context(), ids(0, 100), way.opts...); len(got) != 100 || err != nil {
						b.Fatal(len(got), err)
					}
				}
			})
		}
	}
}
