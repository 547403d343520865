// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisbus_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
)

const canary = "c4n4ry-s3cret"

// What others publish on the channel is delivered as it is; the stack judges it.
func TestForeignMessages_AreDeliveredWhole(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	bus := newBus(t, s.URL(), nil)
	sub := join(t, bus)
	for _, msg := range []string{"hello", "", "\xff\xfe\x00", "\r\n*1\r\n", strings.Repeat("y", 1<<20)} {
		if err := s.Client().Publish(t.Context(), "ch", msg).Err(); err != nil {
			t.Fatal(err)
		}
		redistest.Eventually(t, patience, fmt.Sprintf("a message of %d bytes", len(msg)), func() bool { return sub.has(msg) })
	}
	wantDelivery(t, bus, sub, "after")
	if sub.joined() != 1 {
		t.Errorf("joined %d times", sub.joined())
	}
}

func TestQuietChannel_StaysSubscribed(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	client := connect(t, s.URL(), nil, nil)
	bus, err := redisbus.New(client, "ch", &redisbus.Options{Liveness: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	sub := join(t, bus)
	before := s.CommandStats(t)["ping"]
	redistest.Eventually(t, patience, "three pings", func() bool { return s.CommandStats(t)["ping"] > before+2 })
	wantDelivery(t, bus, sub, "after")
	if sub.joined() != 1 || sub.ended() {
		t.Errorf("joined %d times, ended %v", sub.joined(), sub.ended())
	}
}

func TestTLSAndACL_LeastPrivilegeIsEnough(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{
		TLS: true, Password: "root",
		Users: []string{"app on >" + canary + " resetchannels &ch +publish +subscribe +ping"},
	})
	url := fmt.Sprintf("rediss://app:%s@%s", canary, s.Addr())
	client := connect(t, url, nil, &redisdist.OpenOptions{TLS: s.TLSConfig(), DialTimeout: patience})
	bus, err := redisbus.New(client, "ch", nil)
	if err != nil {
		t.Fatal(err)
	}
	wantDelivery(t, bus, join(t, bus), "hello")
	if err := bus.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}

	other, err := redisbus.New(client, "other", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"publish":   other.Publish(t.Context(), []byte(canary)),
		"subscribe": other.Subscribe(within(t, patience), &subscription{}),
	} {
		reply, ok := errors.AsType[redis.Error](err)
		if !ok || !strings.HasPrefix(reply.Error(), "NOPERM") {
			t.Errorf("%s on a foreign channel: %v, want NOPERM", name, err)
		}
	}
}

func TestErrors_HoldNoSecret(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{Password: canary, Config: []string{"--rename-command", "PUBLISH", ""}})
	for name, url := range map[string]string{
		"wrong password":   "redis://:wrong-" + canary + "@" + s.Addr(),
		"disabled PUBLISH": s.URL(),
		"nobody there":     "redis://:" + canary + "@127.0.0.1:1",
	} {
		bus, err := redisbus.New(connect(t, url, nil, nil), "ch", nil)
		if err != nil {
			t.Fatal(err)
		}
		err = bus.Publish(within(t, patience), []byte(canary))
		if err == nil || strings.Contains(err.Error(), canary) || !strings.Contains(err.Error(), `publish to "ch"`) {
			t.Errorf("%s: publish: %v", name, err)
		}
		if name == "disabled PUBLISH" {
			continue
		}
		err = bus.Subscribe(within(t, patience), &subscription{})
		if err == nil || strings.Contains(err.Error(), canary) || !strings.Contains(err.Error(), `subscription to "ch"`) {
			t.Errorf("%s: subscribe: %v", name, err)
		}
	}
}
