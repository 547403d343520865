// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package many_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// ear hears what is published on a server, by a connection of its own.
type ear struct {
	joined chan struct{}
	once   sync.Once

	mu    sync.Mutex
	heard []wire.Message
}

func (e *ear) Joined(bool) { e.once.Do(func() { close(e.joined) }) }

func (e *ear) Message(msg []byte) {
	m, err := wire.ParseMessage(msg)
	if err != nil || m.Kind == wire.MessageHeartbeat || m.Kind == wire.MessageClearedSoft {
		return // it is about the node
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, m)
}

func listen(t *testing.T, bus core.Backplane) *ear {
	t.Helper()
	e := &ear{joined: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = bus.Subscribe(ctx, e) })
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
	<-e.joined
	return e
}

// expect waits until changes of so many keys have been heard and returns in how many
// messages, then forgets them.
func (e *ear) expect(t *testing.T, keys int) (messages int) {
	t.Helper()
	soon(t, "the changes of all keys", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		told := map[string]bool{}
		for _, m := range e.heard {
			for p := range m.Parts() {
				told[p.Key] = true
			}
		}
		return len(told) == keys
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	parts := 0
	for _, m := range e.heard {
		parts += len(slices.Collect(m.Parts()))
	}
	if parts != keys {
		t.Errorf("%d changes were told of %d keys", parts, keys)
	}
	messages, e.heard = len(e.heard), nil
	return messages
}

func TestSeed_CM3_ManyWritesArePublishedAtMostOnceForEachThousand(t *testing.T) {
	scenario := func(t *testing.T, bus core.Backplane, start func() *view) {
		e := listen(t, bus)
		a, b := start(), start()
		const keys = 2*wire.MaxParts + 1
		if outcome, err := a.SetMany(t.Context(), named(ids(0, keys))); outcome != core.Committed || err != nil {
			t.Errorf("set: %v, %v", outcome, err)
		}
		if got := e.expect(t, keys); got > 3 {
			t.Errorf("%d messages for %d keys that were set", got, keys)
		}
		got, err := b.GetMany(t.Context(), ids(0, keys))
		expect(t, got, err, ids(0, keys))
		if outcome, err := a.RemoveMany(t.Context(), ids(0, keys)); outcome != core.Committed || err != nil {
			t.Errorf("remove: %v, %v", outcome, err)
		}
		if got := e.expect(t, keys); got > 3 {
			t.Errorf("%d messages for %d keys that were removed", got, keys)
		}
		soon(t, "the other node to miss what was removed", func() bool {
			got, err := b.GetMany(t.Context(), ids(0, keys))
			return err == nil && len(got) == 0
		})
		f := &source{}
		loaded, err := a.GetOrSetMany(t.Context(), ids(0, 200), f.load)
		expect(t, loaded, err, ids(0, 200))
		if got := e.expect(t, 200); got > 20 {
			t.Errorf("%d messages for 200 keys that were loaded at once", got)
		} else {
			t.Logf("%d messages for 200 keys that were loaded at once", got)
		}
	}
	t.Run("redis", func(t *testing.T) {
		server := redistest.Start(t, nil)
		client := redis.NewUniversalClient(hybrid.Must(redisdist.ClientOptions(server.URL(), nil)))
		t.Cleanup(func() { _ = client.Close() })
		scenario(t, hybrid.Must(redisbus.New(client, hybrid.Channel(app), nil)), func() *view { return redisNode(t, server.URL()) })
	})
	t.Run("nats", func(t *testing.T) {
		server := natstest.Start(t, nil)
		conn := hybrid.Must(nats.Connect(server.URL(), natsdist.ConnOptions()...))
		t.Cleanup(conn.Close)
		scenario(t, hybrid.Must(natsbus.New(conn, hybrid.Channel(app), nil)), func() *view { return natsNode(t, server.URL()) })
	})
}
