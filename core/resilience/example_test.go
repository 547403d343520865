// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

// tinyMemory is a memory layer for one goroutine.
type tinyMemory map[string]*core.Entry

func (m tinyMemory) Get(key string) (*core.Entry, bool)  { e, ok := m[key]; return e, ok }
func (m tinyMemory) Set(key string, e *core.Entry) error { m[key] = e; return nil }
func (m tinyMemory) Delete(key string)                   { delete(m, key) }

// request asks for key, with f to make its value.
func request(clock core.Clock, key string, f func(context.Context, string) (string, error), o core.EntryOptions) core.Request {
	o = o.WithDefaults()
	return core.Request{
		Key:     key,
		Options: &o,
		Codec:   core.NewCodec[string](nil),
		Factory: core.FactoryFunc(clock, f),
	}
}

func greet(_ context.Context, key string) (string, error) { return "hello, " + key, nil }

// The shortest read path there is: one load per key, and nothing is kept.
func Example_bare() {
	clock := core.NewMonotonic(nil)
	stampede := resilience.NewStampede(clock, nil, resilience.Limits{})
	defer stampede.Close(context.Background())

	get := core.Chain(resilience.Origin(clock, nil), stampede.Stage)

	res, err := get(context.Background(), request(clock, "gopher", greet, core.EntryOptions{}))
	v, _ := core.Value[string](res.Entry)
	fmt.Println(v, err)
	// Output: hello, gopher <nil>
}

// Two policies around a memory layer: a hard time limit, and a stale answer for
// a factory that fails.
func Example_twoPolicies() {
	clock := core.NewMonotonic(nil)
	local := coherence.NewLocal(tinyMemory{}, clock, nil)
	get := core.Chain(resilience.Origin(clock, nil),
		coherence.Memory(local),
		resilience.FailSafe(clock, local, nil),
		resilience.Timeout(clock, nil),
	)

	options := core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, HardTimeout: time.Second}
	now := clock.Now()
	local.Write("gopher", core.Live("hello from before", core.Meta{Born: now, Checked: now, Stale: now, Dead: now.Add(time.Hour)}))

	fails := func(context.Context, string) (string, error) { return "", errors.New("source is down") }
	res, err := get(context.Background(), request(clock, "gopher", fails, options))
	v, _ := core.Value[string](res.Entry)
	fmt.Println(v, res.Stale, err)
	// Output: hello from before true <nil>
}

// A decorator of one's own in the middle: it counts what gets past memory, and
// refuses to load keys that it does not know.
func Example_ownDecorator() {
	clock := core.NewMonotonic(nil)
	local := coherence.NewLocal(tinyMemory{}, clock, nil)
	writer := &coherence.Writer{Local: local, Clock: clock}

	misses := 0
	guard := func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			misses++
			if r.Key == "snake" {
				return core.Result{}, errors.New("no snakes")
			}
			return next(ctx, r)
		}
	}
	get := core.Chain(resilience.Origin(clock, nil),
		coherence.Memory(local), // first: what is there is the answer
		guard,
		coherence.Commit(writer), // last before the factory: keeps what it makes
	)

	for _, key := range []string{"gopher", "gopher", "snake"} {
		res, err := get(context.Background(), request(clock, key, greet, core.EntryOptions{TTL: time.Minute}))
		if err != nil {
			fmt.Println("error:", err)
			continue
		}
		v, _ := core.Value[string](res.Entry)
		fmt.Println(v, "from", res.Level)
	}
	fmt.Println("past memory:", misses)
	// Output:
	// hello, gopher from factory
	// hello, gopher from memory
	// error: no snakes
	// past memory: 2
}
