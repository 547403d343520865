// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers

import (
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
	"github.com/fusioncache-go/fusioncache/plugins/stats"
)

// What the section on policies speaks of.
const (
	NoPolicy    = "otter, Get: no policy"
	Stampede    = "ours: stampede protection"
	HardTimeout = "only a hard timeout on top of that"
	BareTimeout = "otter, Get, with a goroutine and a timer"
)

// Policies returns a store without any policy, this project with one more policy in
// each, one for the cost of a hard timeout alone, and the store with the least that such
// a timeout takes.
func Policies[V any]() []Peer[V] {
	failSafe := core.FailSafe(2 * ttl)
	soft, hard := core.SoftTimeout(100*time.Millisecond), core.HardTimeout(time.Second)
	return []Peer[V]{
		{Name: NoPolicy, Class: Limit, New: newOtterGet[V]},
		{Name: Stampede, Class: Ours, New: withPolicies[V](false)},
		{Name: "and fail-safe", Class: Ours, New: withPolicies[V](false, failSafe)},
		{Name: "and soft and hard timeout", Class: Ours, New: withPolicies[V](false, failSafe, soft, hard)},
		{Name: "and events, stats and breaker", Class: Ours, New: withPolicies[V](true, failSafe, soft, hard)},
		{Name: "and 1 tag", Class: Ours, New: withPolicies[V](true, failSafe, soft, hard, core.Tags("all"))},
		{Name: HardTimeout, Class: Ours, New: withPolicies[V](false, hard)},
		{Name: BareTimeout, Class: Limit, New: newOtterTimed[V]},
	}
}

// withPolicies makes this project with otter, options and, if observed, plugins.
func withPolicies[V any](observed bool, opts ...core.Option) func(Config[V]) (Cache[V], error) {
	return func(c Config[V]) (Cache[V], error) {
		if !observed {
			return newOursOn(c, hybrid.Options{}, opts...)
		}
		circuits, err := breaker.New(nil)
		if err != nil {
			return nil, err
		}
		return newOursOn(c, hybrid.Options{Plugins: []core.Plugin{stats.New(), circuits}}, opts...)
	}
}
