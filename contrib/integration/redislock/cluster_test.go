// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redislock_test

import (
	"context"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
)

func TestCluster_FollowsAPromotedReplica(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	locks, _ := node(t, c.URL(), nil)
	takes := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		lease, err := locks.TryLock(ctx, "k", time.Millisecond)
		return lease != nil && err == nil
	}
	if !takes() {
		t.Fatal("the lock cannot be taken")
	}
	owner := c.Owner(t, "k")
	replica := c.AddReplica(t, owner)
	owner.Kill(t)
	redistest.Eventually(t, 30*time.Second, "the replica to be promoted", func() bool {
		return replica.Info(t, "replication", "role") == "master"
	})
	start := time.Now()
	redistest.Eventually(t, 10*time.Second, "the locker to find the new master", takes)
	t.Logf("found the new master after %v", time.Since(start))
}
