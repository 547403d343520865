// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localbus_test

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/backplanetest"
)

const queue = 64

func harness() backplanetest.Harness {
	return backplanetest.Harness{
		New:      newChannel,
		Bubble:   true,
		Oversize: 1 + localbus.DefaultMaxMessage,
		Overflow: 10 * queue,
		Features: backplanetest.Features{Ping: true, NoStall: true},
	}
}

// newChannel makes a bus of its own, whose nodes are all cut at once.
func newChannel(tb testing.TB) backplanetest.Channel {
	bus := newBus(tb, &localbus.Options{Queue: queue})
	var nodes []*localbus.Channel
	return backplanetest.Channel{
		Node: func() core.Backplane {
			nodes = append(nodes, bus.Channel("test"))
			return nodes[len(nodes)-1]
		},
		Closed: func() core.Backplane {
			closed := newBus(tb, nil)
			if err := closed.Close(); err != nil {
				tb.Fatal(err)
			}
			return closed.Channel("test")
		},
		Cut: func() func() {
			for _, node := range nodes {
				node.Disconnect()
			}
			return func() {
				for _, node := range nodes {
					node.Reconnect()
				}
			}
		},
	}
}

func newBus(tb testing.TB, opts *localbus.Options) *localbus.Bus {
	tb.Helper()
	bus, err := localbus.NewBus(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return bus
}

func TestConformance(t *testing.T) { backplanetest.Run(t, harness()) }

func TestConformance_RealTime(t *testing.T) {
	h := harness()
	h.Bubble = false
	backplanetest.Run(t, h)
}

func BenchmarkChannel(b *testing.B) { backplanetest.Bench(b, harness()) }
