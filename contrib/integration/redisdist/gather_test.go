// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
)

// Reads of a master that hangs wait for it together, and in nobody else's way.
func TestGather_AHungMasterHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	l := open(t, c.URL(), nil)
	keys := map[*redistest.Server]string{}
	for i := 0; len(keys) < len(c.Nodes); i++ {
		key := fmt.Sprint("k", i)
		keys[c.Owner(t, key)] = key
		mustSet(t, l, key, "v")
	}
	hung := c.Nodes[0]
	hung.Stop(t)
	var waiting sync.WaitGroup
	for range 64 {
		waiting.Go(func() {
			if _, ok, err := l.Get(within(t, time.Second), keys[hung]); ok || err == nil {
				t.Errorf("get from a master that hangs: %v, %v", ok, err)
			}
		})
	}
	var others sync.WaitGroup
	for _, node := range c.Nodes[1:] {
		for range 16 {
			others.Go(func() {
				for range 20 {
					if _, ok, err := l.Get(within(t, 500*time.Millisecond), keys[node]); !ok || err != nil {
						t.Errorf("get from another master: %v, %v", ok, err)
					}
				}
			})
		}
	}
	others.Wait()
	waiting.Wait()
	hung.Resume(t)
}
