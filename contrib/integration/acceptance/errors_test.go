// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

// calls are the operations that can meet an error of the server.
var calls = map[core.Op]func(ctx context.Context, n *node, key string, opts ...core.Option) error{
	core.OpGet: func(ctx context.Context, n *node, key string, opts ...core.Option) error {
		_, _, err := n.Get(ctx, key, opts...)
		return err
	},
	core.OpGetOrSet: func(ctx context.Context, n *node, key string, opts ...core.Option) error {
		_, err := n.GetOrSet(ctx, key, gives(1).load, opts...)
		return err
	},
	core.OpSet: func(ctx context.Context, n *node, key string, opts ...core.Option) error {
		_, err := n.Set(ctx, key, 1, opts...)
		return err
	},
	core.OpRemove: func(ctx context.Context, n *node, key string, opts ...core.Option) error {
		_, err := n.Remove(ctx, key, opts...)
		return err
	},
	core.OpExpire: func(ctx context.Context, n *node, key string, opts ...core.Option) error {
		_, err := n.Expire(ctx, key, opts...)
		return err
	},
}

// A user who may do nothing with keys gets errors of the server.
func TestSeed_ER6_ErrorsOfTheServerAreEventsAndReturnedOnlyWhenAskedFor(t *testing.T) {
	w := startRedis(t)
	if err := w.Client().Do(t.Context(), "acl", "setuser", "default", "-get", "-getrange", "-eval", "-evalsha", "-watch", "-set").Err(); err != nil {
		t.Fatal(err)
	}
	for op, call := range calls {
		t.Run(op.String(), func(t *testing.T) {
			a := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}})
			key := strings.ReplaceAll(op.String(), " ", "-")
			if err := call(t.Context(), a, key); err != nil {
				t.Errorf("an error of the server is returned: %v", err)
			}
			ev := a.find(core.LayerFailed, func(ev core.Event) bool { return ev.Key == "v:"+key })
			if ev == nil || ev.Level != core.LevelDistributed || ev.Op == 0 || !redis.HasErrorPrefix(ev.Err, "NOPERM") {
				t.Errorf("the event is %+v", ev)
			}
			err := call(t.Context(), a, key, core.ReturnLayerErrors(true), core.Without(core.SkipMemory))
			if op == core.OpGetOrSet {
				if err != nil {
					t.Errorf("an error of the server is returned instead of a value: %v", err)
				}
				return
			}
			wantLayerError(t, err, op, key, "NOPERM")
		})
	}
}

// A list or a string of somebody else in our place is a miss, and stays. It says
// nothing against the server.
func TestForeign_IsAMissAndStaysAndOpensNoCircuit(t *testing.T) {
	w := startRedis(t)
	a := start(t, w, setting{Options: guarded(core.EntryOptions{TTL: time.Minute}, breaker.LayerOptions{})})
	list, text := entryKey("app", "list"), entryKey("app", "text")
	err := errors.Join(w.Client().RPush(t.Context(), list, "x").Err(), w.Client().Set(t.Context(), text, "theirs", 0).Err())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"list", "text"} {
		for range 5 {
			a.wantMiss(t, key, core.Without(core.SkipMemory))
			a.ask(t, key, gives(1), 1, core.Without(core.SkipMemory))
		}
		if a.find(core.Foreign, func(ev core.Event) bool { return ev.Key == "v:"+key }) == nil {
			t.Errorf("%s: nobody was told of foreign data", key)
		}
		if outcome := a.set(t, key, 2); outcome != core.LocalOnly {
			t.Errorf("a set over foreign data says %v", outcome)
		}
		a.want(t, key, 2)
		if ev := a.find(core.LayerFailed, func(ev core.Event) bool { return ev.Key == "v:"+key }); ev != nil {
			t.Errorf("%s: foreign data was taken for a failure: %v", key, ev.Err)
		}
	}
	if n := w.Client().LLen(t.Context(), list).Val(); n != 1 {
		t.Errorf("the list has %d elements", n)
	}
	if v := w.Client().Get(t.Context(), text).Val(); v != "theirs" {
		t.Errorf("the string is %q", v)
	}
	if n := a.count(core.BreakerChanged); n != 0 {
		t.Errorf("the circuit changed %d times", n)
	}
}

func wantLayerError(t *testing.T, err error, op core.Op, key, reason string) {
	t.Helper()
	outer, ok := errors.AsType[*core.Error](err)
	if !ok || outer.Op != op || outer.Key != key {
		t.Errorf("%v is not an error of %v %q", err, op, key)
	}
	layer, ok := errors.AsType[*core.LayerError](err)
	if !ok || layer.Level != core.LevelDistributed || layer.Key != "v:"+key {
		t.Errorf("%#v does not name the layer and the key", err)
	}
	driver, ok := errors.AsType[redis.Error](err)
	if !ok || !redis.HasErrorPrefix(driver, reason) {
		t.Errorf("%v does not lead to the driver's error", err)
	}
}

func TestSeed_ER6_OutageIsNoErrorUnlessAskedFor(t *testing.T) {
	everywhereConnected(t, func(t *testing.T, w world) {
		a := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}})
		a.cutOff()
		for op, call := range calls {
			if err := call(t.Context(), a, "k-"+op.String()); err != nil {
				t.Errorf("%v: %v", op, err)
			}
			if op == core.OpGetOrSet {
				continue
			}
			err := call(t.Context(), a, "k-"+op.String(), core.ReturnLayerErrors(true), core.Without(core.SkipMemory))
			if e, ok := errors.AsType[*core.LayerError](err); !ok || e.Err == nil {
				t.Errorf("%v, asked for errors: %v", op, err)
			}
		}
	})
}
