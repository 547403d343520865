// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// A node that messages do not reach finds a removal by its mark. Who asks after that does
// not share a load from before it.
func TestMarks_AChangeWithoutAMessageEndsTheSharingOfLoads(t *testing.T) {
	removals := map[string]func(*hybrid.Stack) (core.Outcome, error){
		"by tag": func(s *hybrid.Stack) (core.Outcome, error) {
			return s.RemoveByTag(context.Background(), "tag")
		},
		"of everything": func(s *hybrid.Stack) (core.Outcome, error) {
			return s.Clear(context.Background())
		},
	}
	for name, remove := range removals {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, bus := hybrid.Must(localdist.New(nil)), hybrid.Must(localbus.NewBus(nil))
				start := func() (*hybrid.Cache[int], *localbus.Channel) {
					channel := bus.Channel(hybrid.Channel("app"))
					c := open[int](t, hybrid.Options{
						Distributed: server, Backplane: channel, Defaults: core.EntryOptions{TTL: time.Hour, Tags: []string{"tag"}},
					})
					synctest.Wait()
					return c, channel
				}
				a, _ := start()
				b, channel := start()
				set(t, a, 0)
				time.Sleep(10 * time.Second)
				channel.Disconnect()
				slow := &F[int]{delay: 20 * time.Second, results: []func() (int, error){returns(1)}}
				go func() {
					_, _ = b.GetOrSet(context.Background(), "k", slow.load, core.Without(core.SkipMemoryRead|core.SkipDistributedRead))
				}()
				time.Sleep(time.Second)
				if outcome, err := remove(a.Stack()); outcome != core.Committed || err != nil {
					t.Fatal(outcome, err)
				}
				time.Sleep(10 * time.Second) // a mark is read again every five
				_, _, _ = b.Get(t.Context(), "k")
				quick := &F[int]{results: []func() (int, error){returns(2)}}
				began := time.Now()
				if v, err := b.GetOrSet(t.Context(), "k", quick.load); v != 2 || err != nil {
					t.Errorf("got %d, %v after %v, want 2", v, err, time.Since(began))
				}
				time.Sleep(20 * time.Second)
				expectHit(t, b, 2)
				channel.Reconnect()
				time.Sleep(time.Minute) // what b has not told is told
			})
		})
	}
}
