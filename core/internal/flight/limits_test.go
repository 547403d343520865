// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestLimits_RunningFlights(t *testing.T) {
	bubble(t, Limits{Running: 2}, func(t *testing.T, g *Group) {
		a := call(t.Context(), g, request("a"), after(time.Second, nil))
		b := call(context.Background(), g, request("b"), after(2*time.Second, nil))
		synctest.Wait()
		call(t.Context(), g, request("c"), after(0, nil))().check(t, core.ErrOverload, 0)
		call(context.Background(), g, request("c"), after(0, nil))().check(t, core.ErrOverload, 0)
		joins := call(t.Context(), g, request("a"), after(0, errBoom))
		a().check(t, nil, time.Second)
		joins().check(t, nil, time.Second)
		call(t.Context(), g, request("c"), after(0, nil))().check(t, nil, 0)
		b().check(t, nil, 2*time.Second)
	})
}

func TestLimits_RevokedFlightsCount(t *testing.T) {
	bubble(t, Limits{Running: 1}, func(t *testing.T, g *Group) {
		a := call(t.Context(), g, request("a"), after(time.Second, nil))
		synctest.Wait()
		g.Revoke("a")
		call(t.Context(), g, request("a"), after(0, nil))().check(t, core.ErrOverload, 0)
		a().check(t, nil, time.Second)
	})
}

func TestLimits_OrphanedFlights(t *testing.T) {
	bubble(t, Limits{Orphaned: 2}, func(t *testing.T, g *Group) {
		for _, key := range []string{"a", "a"} {
			call(within(t, time.Second, errBoom), g, cancelling(key), deaf(time.Minute))().check(t, errBoom, time.Second)
		}
		call(t.Context(), g, request("b"), after(0, nil))().check(t, core.ErrOverload, 0)
		time.Sleep(time.Minute)
		call(t.Context(), g, request("b"), after(0, nil))().check(t, nil, 0)
	})
}

func TestLimits_FlightInTheBackgroundIsNoOrphan(t *testing.T) {
	bubble(t, Limits{Orphaned: 1}, func(t *testing.T, g *Group) {
		call(within(t, time.Second, errBoom), g, request("a"), deaf(time.Minute))().check(t, errBoom, time.Second)
		call(t.Context(), g, request("b"), after(0, nil))().check(t, nil, 0)
		time.Sleep(time.Minute)
	})
}
