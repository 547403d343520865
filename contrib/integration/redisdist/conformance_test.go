// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/distributedtest"
)

func TestConformance_Single(t *testing.T) {
	s := redistest.Start(t, nil)
	conformance(t, s.URL(), s.Addr())
}

func TestConformance_Cluster(t *testing.T) {
	c := redistest.StartCluster(t)
	conformance(t, c.URL(), c.Addrs()...)
}

func BenchmarkSingle(b *testing.B) {
	s := redistest.Start(b, nil)
	distributedtest.Bench(b, distributedtest.Harness{
		New: func(tb testing.TB) core.DistributedLayer { return open(tb, s.URL(), nil) },
	})
}

func conformance(t *testing.T, url string, addrs ...string) {
	t.Helper()
	distributedtest.Run(t, distributedtest.Harness{
		New: func(tb testing.TB) core.DistributedLayer { // a machine that is busy takes seconds for a large value
			return open(tb, url, &redisdist.OpenOptions{ReadTimeout: patience, WriteTimeout: patience})
		},
		NewClosed: func(tb testing.TB) core.DistributedLayer {
			l := open(tb, url, nil)
			mustSet(tb, l, "before", "close")
			_ = l.Close()
			return l
		},
		NewDown: func(tb testing.TB) core.DistributedLayer {
			return broken(tb, url, (*redistest.Faults).Break, addrs...)
		},
		NewStalled: func(tb testing.TB) core.DistributedLayer {
			return broken(tb, url, (*redistest.Faults).Hang, addrs...)
		},
		MaxValue: 8 << 20,
		Features: distributedtest.Features{Ping: true, Arbiter: true, Batch: true, BatchHeaders: true},
	})
}

// broken returns a layer that has worked before the fault.
func broken(tb testing.TB, url string, fault func(*redistest.Faults), addrs ...string) core.DistributedLayer {
	tb.Helper()
	faults := redistest.NewFaults(tb, addrs...)
	l := openThrough(tb, url, faults)
	mustSet(tb, l, "before", "fault")
	mustArbitrate(tb, l, "arbitrated", forced("fault")) // shows whether scripts are allowed
	fault(faults)
	return l
}
