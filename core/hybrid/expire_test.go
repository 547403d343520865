// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// StaleIfError counts from when a call has ended the life of a value, with and without a
// distributed layer, on every node.
func TestExpire_LeavesTheValueForStaleIfError(t *testing.T) {
	for name, defaults := range map[string]core.EntryOptions{
		"alone":                {TTL: time.Hour, StaleIfError: 5 * time.Minute},
		"of what lives longer": {TTL: time.Hour, StaleIfError: 5 * time.Minute, StaleWhileRevalidate: 3 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			modes(t, func(t *testing.T, layer core.DistributedLayer) {
				var caches []*hybrid.Cache[int]
				for range 2 {
					caches = append(caches, open[int](t, hybrid.Options{Distributed: layer, Defaults: defaults}))
					if layer == nil {
						break
					}
				}
				set(t, caches[0], 1)
				time.Sleep(10 * time.Minute)
				if _, err := caches[0].Expire(t.Context(), "k"); err != nil {
					t.Fatal(err)
				}
				expired := time.Now()
				f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
				for _, c := range caches {
					expectMiss(t, c)
					expectAsk(t, c, f, 1, f.calls.Load()+1)
				}
				at(expired, 5*time.Minute-time.Second)
				for _, c := range caches {
					expectAsk(t, c, f, 1, f.calls.Load()+1)
				}
				at(expired, 5*time.Minute+time.Second)
				for _, c := range caches {
					expectFailure(t, c, f, errBoom)
				}
			})
		})
	}
}

// What was kept for fail-safe elsewhere is not kept for longer by StaleIfError.
func TestExpire_StaleIfErrorIsNotLongerWhereTheValueIsKeptForLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		writer := open[int](t, hybrid.Options{Distributed: s, Defaults: core.EntryOptions{TTL: time.Hour, StaleTTL: 24 * time.Hour}})
		reader := open[int](t, hybrid.Options{Distributed: s, Defaults: core.EntryOptions{TTL: time.Hour, StaleIfError: time.Minute}})
		set(t, writer, 1)
		time.Sleep(10 * time.Minute)
		_, _ = writer.Expire(t.Context(), "k")
		f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
		expectAsk(t, reader, f, 1, 1)
		time.Sleep(61 * time.Second)
		expectFailure(t, reader, f, errBoom)
		expectAsk(t, writer, f, 1, 3)
	})
}
