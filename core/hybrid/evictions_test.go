// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestEvents_EvictedTellsWhatMadeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: 10}))
		stack := hybrid.Must(hybrid.New(hybrid.Options{Memory: memory, Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}}))
		c := hybrid.Must(hybrid.Of[int](stack, "v"))
		heard := watch(c, core.Evicted)

		for i := range 10 {
			_, _ = c.Set(t.Context(), fmt.Sprint("old", i), i)
		}
		<-time.After(2 * time.Minute)
		for i := range 10 {
			_, _ = c.Set(t.Context(), fmt.Sprint("new", i), i)
			_, _ = c.Set(t.Context(), fmt.Sprint("new", i), i) // replaces, and evicts nothing
		}
		_, _ = c.Remove(t.Context(), "new9")

		events := heard.all()
		if len(events) != 10 {
			t.Errorf("%d evictions are told, want 10", len(events))
		}
		for _, ev := range events {
			_, held := memory.Get(ev.Key)
			old := ev.Detail == "stale" && ev.Age == 2*time.Minute
			young := ev.Detail == "fresh" && ev.Age == 0
			if held || ev.Level != core.LevelMemory || !old && !young {
				t.Errorf("got %+v; held is %v", ev, held)
			}
		}

		if err := stack.Close(t.Context()); err != nil {
			t.Error(err)
		}
		for i := range 20 {
			_ = memory.Set(fmt.Sprint(i), core.Live(i, core.Meta{}))
		}
		if n := len(heard.all()) - len(events); n > 0 {
			t.Errorf("%d evictions are told after Close", n)
		}
	})
}

// A full memory layer tells what it drops, and what was still good.
func ExampleStack_Events_evictions() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.New(hybrid.Options{Memory: hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: 100}))}))
	defer stack.Close(ctx)
	fresh := 0
	stack.Events().Listen("example", core.Evicted, func(ev core.Event) {
		if ev.Detail == core.Fresh.String() {
			fresh++
		}
	})
	numbers := hybrid.Must(hybrid.Of[int](stack, "number", core.TTL(time.Hour)))
	for i := range 130 {
		_, _ = numbers.Set(ctx, fmt.Sprint(i), i)
	}
	fmt.Println("too small by:", fresh)
	// Output: too small by: 30
}
