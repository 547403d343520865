// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestOutage_OnlyAnOutageIsTakenForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		channel := hybrid.Must(localbus.NewBus(nil)).Channel(hybrid.Channel("app"))
		c := open[int](t, hybrid.Options{Distributed: newServer(t), Backplane: channel})
		gaps := tally(c, core.GapSuspected)
		time.Sleep(time.Minute)
		set(t, c, 1)
		time.Sleep(time.Minute)
		expectCount(t, "gaps in quiet times", gaps, 0)
		channel.Disconnect()
		set(t, c, 2)
		channel.Reconnect()
		time.Sleep(time.Minute)
		expectCount(t, "gaps of a short outage", gaps, 1)
	})
}

func TestOutage_HungServerDoesNotMakeTheNodeSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c := open[int](t, hybrid.Options{
			Distributed: s,
			Backplane:   hybrid.Must(localbus.NewBus(nil)).Channel(hybrid.Channel("app")),
			Pulse:       coherence.PulseOptions{Heartbeat: 100 * time.Millisecond, Silence: 250 * time.Millisecond},
		})
		gaps := tally(c, core.GapSuspected)
		synctest.Wait()
		set(t, c, 1)
		s.get.be(hang)
		time.Sleep(time.Minute)
		expectCount(t, "gaps", gaps, 0)
		expectHit(t, c, 1)
	})
}

// Nothing is known of the server's marks, and all who ask for them give up at
// the same instant: what they load is of one generation all the same.
func TestOutage_LoadsWithoutTheServerAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c := open[int](t, hybrid.Options{Distributed: s})
		s.get.be(hang)
		f := &F[int]{results: []func() (int, error){returns(1)}}
		keys := []string{"a", "b", "c", "d"}
		crowd(len(keys), func(i int) { _, _ = c.GetOrSet(context.Background(), keys[i], f.load) })
		for _, key := range keys {
			took(t, 0, func() {
				if v, ok, err := c.Get(t.Context(), key); v != 1 || !ok || err != nil {
					t.Errorf("%q: got %d, %v, %v", key, v, ok, err)
				}
			})
		}
	})
}
