// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package cachetest_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/cachetest"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// docs/testing.md shows this test.
func TestPrices_AreServedWhenAllElseIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := cachetest.NewWorld()
		one, two := world.Open(t, nil), world.Open(t, nil)
		lives := []core.Option{core.TTL(time.Minute), core.FailSafe(time.Hour)}
		prices, elsewhere := hybrid.Must(hybrid.Of[int](one, "price", lives...)), hybrid.Must(hybrid.Of[int](two, "price", lives...))
		source := cachetest.Returns(1995).ThenFail(errors.New("database is down"))

		price, err := prices.GetOrSet(t.Context(), "lamp", source.Load)
		if price != 1995 || err != nil {
			t.Errorf("got %d, %v", price, err)
		}
		price, err = elsewhere.GetOrSet(t.Context(), "lamp", source.Load)
		if price != 1995 || err != nil || source.Calls() != 1 {
			t.Errorf("the other node got %d, %v, after %d calls", price, err, source.Calls())
		}

		world.Server.Fail(errors.New("connection refused"))
		time.Sleep(2 * time.Minute) // takes no time in a bubble

		price, err = elsewhere.GetOrSet(t.Context(), "lamp", source.Load)
		if price != 1995 || err != nil || world.Events.Count(core.FailSafeActivated) != 1 {
			t.Errorf("in the outage: %d, %v; %v", price, err, world.Events.Events(core.FailSafeActivated))
		}
		world.Server.Fail(nil)
	})
}
