// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestGetOrSetMany_AServerThatFailsIsAMiss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		c := open[int](t, hybrid.Options{Distributed: server})
		server.down.Store(true)
		f := &M{}
		got, err := c.GetOrSetMany(t.Context(), []string{"a", "bb"}, f.load)
		expectMany(t, got, err, "a bb")
		expectAsked(t, f, "a bb")
		if n := server.gets.Load(); n != 0 {
			t.Errorf("%d more reads of one key", n)
		}
		got, err = c.GetMany(t.Context(), []string{"dddd", "eeeee"}, core.ReturnLayerErrors(true))
		if failedKeys(t, err) != "dddd eeeee" || !errors.Is(err, errServer) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestGetMany_OneKeyThatTheServerFailsForDoesNotFailTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		_, _ = open[int](t, hybrid.Options{Distributed: server}).SetMany(t.Context(), map[string]int{"a": 1, "bb": 2, "ccc": 3})
		bad := ":bb"
		server.broken.Store(&bad)
		c := open[int](t, hybrid.Options{Distributed: server})
		got, err := c.GetMany(t.Context(), strings.Fields("a bb ccc"), core.ReturnLayerErrors(true))
		expectMany(t, got, nil, "a ccc")
		if failedKeys(t, err) != "bb" {
			t.Errorf("got %v", err)
		}
		server.broken.Store(nil)
	})
}

func TestGetOrSetMany_AServerThatHangsCostsOneTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		c := open[int](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{DistributedTimeout: time.Second}})
		server.slow.be(hang)
		start := time.Now()
		f := &M{}
		got, err := c.GetOrSetMany(t.Context(), strings.Fields("a bb ccc dddd"), f.load, core.Without(core.SkipDistributedWrite))
		expectMany(t, got, err, "a bb ccc dddd")
		if took := time.Since(start); took > 1100*time.Millisecond {
			t.Errorf("took %v", took)
		}
		server.slow.be(0)
	})
}

// slowMarks is a layer that does not answer for marks.
type slowMarks struct {
	*batched
	hang slowness
}

func (l *slowMarks) wait(ctx context.Context, key string) error {
	if strings.HasPrefix(key, hybrid.KeyPrefixes("app")[1]) {
		return l.hang.pass(ctx)
	}
	return nil
}

func (l *slowMarks) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := l.wait(ctx, key); err != nil {
		return nil, false, err
	}
	return l.batched.Get(ctx, key)
}

func (l *slowMarks) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	if err := l.wait(ctx, keys[0]); err != nil {
		return nil, err
	}
	return l.batched.GetMany(ctx, keys)
}

// Whatever of the server hangs, a read of many keys takes one time limit, not one for
// each of them.
func TestGetMany_MarksThatHangCostOneTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		layer := &slowMarks{batched: newBatched()}
		_, _ = open[int](t, hybrid.Options{Distributed: layer}).SetMany(t.Context(), lengths("a bb ccc dddd eeeee"), core.Tags("x", "y"))
		c := open[int](t, hybrid.Options{Distributed: layer, Defaults: core.EntryOptions{DistributedTimeout: time.Second}})
		layer.hang.be(hang)
		start := time.Now()
		got, err := c.GetMany(t.Context(), strings.Fields("a bb ccc dddd eeeee"))
		if took := time.Since(start); len(got) != 0 || err != nil || took != time.Second {
			t.Errorf("got %v, %v after %v: what is not known to hold is not served", got, err, took)
		}
		layer.hang.be(0)
		got, err = c.GetMany(t.Context(), strings.Fields("a bb ccc dddd eeeee"))
		expectMany(t, got, err, "a bb ccc dddd eeeee")
	})
}

// partly is a cluster of which one master hangs: the answers of the others come when
// the time is over.
type partly struct{ *batched }

func (l partly) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	out, err := l.batched.GetMany(ctx, keys)
	if strings.HasPrefix(keys[0], hybrid.KeyPrefixes("app")[0]) {
		<-ctx.Done()
		out[0] = core.Got{Err: context.Cause(ctx)}
	}
	return out, err
}

// A node that does not know the mark of the whole cache yet must not have to ask for
// it when the time is over.
func TestGetMany_APartThatHangsLeavesTimeToJudgeTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		layer := partly{newBatched()}
		_, _ = open[int](t, hybrid.Options{Distributed: layer}).SetMany(t.Context(), lengths("a bb ccc"))
		c := open[int](t, hybrid.Options{Distributed: layer, Defaults: core.EntryOptions{DistributedTimeout: time.Second}})
		got, err := c.GetMany(t.Context(), strings.Fields("a bb ccc"), core.ReturnLayerErrors(true))
		if len(got) != 2 || failedKeys(t, err) != "a" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}
