// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localdist_test

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/distributedtest"
)

func harness() distributedtest.Harness {
	return distributedtest.Harness{
		New: func(tb testing.TB) core.DistributedLayer { return newStore(tb, nil) },
		NewClosed: func(tb testing.TB) core.DistributedLayer {
			store := newStore(tb, nil)
			if err := store.Close(); err != nil {
				tb.Fatal(err)
			}
			return store
		},
		Bubble:   true,
		Features: distributedtest.Features{Ping: true, Arbiter: true, Batch: true, BatchHeaders: true, NoServer: true},
	}
}

func newStore(tb testing.TB, opts *localdist.Options) *localdist.Store {
	tb.Helper()
	store, err := localdist.New(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return store
}

func TestConformance(t *testing.T) { distributedtest.Run(t, harness()) }

func TestConformance_RealTime(t *testing.T) {
	h := harness()
	h.Bubble = false
	distributedtest.Run(t, h)
}

func BenchmarkStore(b *testing.B) { distributedtest.Bench(b, harness()) }
