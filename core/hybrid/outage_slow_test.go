// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// A server that takes long, as it may by DistributedTimeout, gets what it is owed: a try
// that ended sooner would end in vain every time.
func TestOutage_WhatASlowServerIsOwedIsMadeGood(t *testing.T) {
	for _, keys := range []int{1, 20} {
		t.Run(fmt.Sprint(keys, " keys"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t)
				node := func() *hybrid.Cache[int] {
					return open[int](t, hybrid.Options{
						Distributed: s, Defaults: core.EntryOptions{TTL: time.Hour, DistributedTimeout: 10 * time.Second},
					})
				}
				a := node()
				_, _ = a.Set(t.Context(), "warm", 0)
				s.down.Store(true)
				for i := range keys {
					if outcome, err := a.Set(t.Context(), fmt.Sprint("k", i), i); outcome != core.LocalOnly || err != nil {
						t.Errorf("got %v, %v without the server", outcome, err)
					}
				}
				s.down.Store(false)
				s.set.be(3 * time.Second)
				time.Sleep(2 * time.Minute)
				b := node()
				for i := range keys {
					if v, ok, err := b.Get(t.Context(), fmt.Sprint("k", i)); v != i || !ok || err != nil {
						t.Errorf("k%d on the server: %d, %t, %v", i, v, ok, err)
					}
				}
			})
		})
	}
}
