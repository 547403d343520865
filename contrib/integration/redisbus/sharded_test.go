// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisbus_test

import (
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
)

func TestConformance_ShardedOnASingleServer(t *testing.T) {
	s := redistest.Start(t, nil)
	conformance(t, &redisbus.Options{Sharded: true}, s.URL(), s.Addr())
}

func newSharded(tb testing.TB, url, channel string) *redisbus.Backplane {
	tb.Helper()
	bus, err := redisbus.New(connect(tb, url, nil, nil), channel, &redisbus.Options{Sharded: true})
	if err != nil {
		tb.Fatal(err)
	}
	return bus
}

// What plain publishing sends to every node of a cluster, sharded publishing
// keeps where the subscribers are.
func TestSharded_StaysOnOneMaster(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	plain, err := redisbus.New(connect(t, c.URL(), nil, nil), "ch", nil)
	if err != nil {
		t.Fatal(err)
	}
	sharded := newSharded(t, c.URL(), "ch")
	sent := func() (n int) {
		for _, node := range c.Nodes {
			for _, kind := range []string{"publish", "publishshard"} {
				count, _ := strconv.Atoi(node.ClusterInfo(t, "cluster_stats_messages_"+kind+"_sent"))
				n += count
			}
		}
		return n
	}
	const messages = 50
	for _, test := range []struct {
		name string
		bus  *redisbus.Backplane
		want int
	}{{"plain", plain, 2 * messages}, {"sharded", sharded, 0}} {
		sub := join(t, test.bus)
		before := sent()
		for i := range messages {
			wantDelivery(t, test.bus, sub, fmt.Sprint(test.name, i))
		}
		if n := sent() - before; n != test.want {
			t.Errorf("%s: the masters sent each other %d messages for %d, want %d", test.name, n, messages, test.want)
		}
	}
}

func TestSharded_ChannelsOfAllSlotsWork(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	url := c.URL()
	owners := map[*redistest.Server]bool{}
	for i := range 10 {
		channel := fmt.Sprint("app", i, ":1:bus")
		owners[c.Owner(t, channel)] = true
		wantDelivery(t, newSharded(t, url, channel), join(t, newSharded(t, url, channel)), "hello")
	}
	if len(owners) != 3 {
		t.Errorf("the channels are on %d masters, want 3", len(owners))
	}
}

// When a slot moves, the old master ends the subscriptions.
func TestSharded_FollowsItsSlot(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	bus, other := newSharded(t, c.URL(), "ch"), newSharded(t, c.URL(), "ch")
	sub := join(t, bus)
	wantDelivery(t, other, sub, "before")
	from := c.Owner(t, "ch")
	to := c.Nodes[0]
	if to == from {
		to = c.Nodes[1]
	}
	c.Move(t, "ch", from, to)
	redistest.Eventually(t, patience, "the loss to be reported", func() bool { return sub.joined() > 1 || sub.ended() })
	if sub.ended() {
		sub = rejoin(t, bus)
	}
	redistest.Eventually(t, patience, "a message by the new way", func() bool {
		return other.Publish(within(t, patience), []byte("after")) == nil && sub.has("after")
	})
	if n := to.Client().PubSubShardNumSub(t.Context(), "ch").Val()["ch"]; n != 1 {
		t.Errorf("the new master has %d subscribers, want 1", n)
	}
}

func TestSharded_LeastPrivilegeIsEnough(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{
		Password: "root",
		Users:    []string{"app on >" + canary + " resetchannels &ch +spublish +ssubscribe +ping"},
	})
	client := connect(t, "redis://app:"+canary+"@"+s.Addr(), nil, &redisdist.OpenOptions{})
	bus, err := redisbus.New(client, "ch", &redisbus.Options{Sharded: true})
	if err != nil {
		t.Fatal(err)
	}
	wantDelivery(t, bus, join(t, bus), "hello")
	plain, err := redisbus.New(client, "ch", nil)
	if err != nil {
		t.Fatal(err)
	}
	if reply, ok := errors.AsType[redis.Error](plain.Publish(t.Context(), nil)); !ok || !redis.HasErrorPrefix(reply, "NOPERM") {
		t.Errorf("plain publishing: %v, want NOPERM", reply)
	}
}
