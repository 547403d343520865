// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/layer"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

// A stack whose values are compressed and encrypted on the server, and one that
// does not have the key: there they are a miss, which a load replaces.
func TestStack_CompressedAndEncryptedValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		node := func(secret byte) *hybrid.Cache[string] {
			d := hybrid.Must(layer.Encrypt(s, bytes.Repeat([]byte{secret}, 32)))
			return open[string](t, hybrid.Options{
				Distributed: hybrid.Must(layer.Compress(d, nil)), Defaults: core.EntryOptions{TTL: time.Minute},
			})
		}
		text := strings.Repeat("canary ", 1000)
		if outcome := set(t, node(1), text); outcome != core.Committed {
			t.Errorf("set: %v", outcome)
		}
		data, _, _ := s.store.Get(t.Context(), serverKey)
		if bytes.Contains(data, []byte("canary")) || len(data) > len(text)/2 {
			t.Errorf("the server has %d bytes: %q...", len(data), data[:min(len(data), 100)])
		}
		expectHit(t, node(1), text)
		stranger := node(2)
		unreadable := tally(stranger, core.DecodeFailed)
		expectMiss(t, stranger)
		expectCount(t, "unreadable values", unreadable, 1)
	})
}

// Messages are authentic and not secret, so no value that the server must not see may go
// along with them.
func TestPush_IsRefusedWhereValuesAreConcealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		o := n.join(core.EntryOptions{TTL: time.Minute, Push: true})
		o.Name, o.Memory, o.Serializer, o.MessageKeys = "app", new(mapMemory), jsonSerializer{}, [][]byte{keyOf(1)}
		o.Distributed = layer.Prefix(hybrid.Must(layer.Encrypt(o.Distributed, make([]byte, 32))), "x:")
		o.Plugins = append(o.Plugins, hybrid.Must(breaker.New(nil)))
		for _, construct := range []func(hybrid.Options) (*hybrid.Stack, error){hybrid.New, hybrid.NewNull} {
			_, err := construct(o)
			expectOption(t, err, "Options.Defaults.Push")
		}
		o.Defaults.Push = false
		c := open[string](t, o)
		_, err := hybrid.Of[string](c.Stack(), "other", core.Push(true))
		expectOption(t, err, "EntryOptions.Push")
		_, err = c.Set(t.Context(), "k", "v", core.Push(true))
		expectOption(t, err, "EntryOptions.Push")
	})
}

// Bytes of others in the place of a key are the same to a stack, whatever is around the
// layer: a miss that no load replaces, and no failure, so that no breaker opens.
func TestStack_ForeignBytesBehindATransformedLayer(t *testing.T) {
	for name, wrap := range map[string]func(core.DistributedLayer) (core.DistributedLayer, error){
		"nothing": func(d core.DistributedLayer) (core.DistributedLayer, error) { return d, nil },
		"Encrypt": func(d core.DistributedLayer) (core.DistributedLayer, error) {
			return layer.Encrypt(d, make([]byte, 32))
		},
		"Compress": func(d core.DistributedLayer) (core.DistributedLayer, error) { return layer.Compress(d, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { checkForeignBehind(t, wrap) })
		})
	}
}

func checkForeignBehind(t *testing.T, wrap func(core.DistributedLayer) (core.DistributedLayer, error)) {
	const theirs = "z, or whatever somebody else has put here"
	s := newServer(t)
	putBytes(t, s, []byte(theirs))
	c := open[string](t, hybrid.Options{
		Distributed: hybrid.Must(wrap(s)), Defaults: core.EntryOptions{TTL: time.Minute, ReturnLayerErrors: true},
	})
	foreign, failed := tally(c, core.Foreign), tally(c, core.LayerFailed)
	expectMiss(t, c)
	v, err := c.GetOrSet(t.Context(), "k", func(context.Context, string) (string, error) { return "v", nil })
	if v != "v" || err != nil {
		t.Errorf("GetOrSet: %q, %v", v, err)
	}
	if outcome, err := c.Expire(t.Context(), "k"); outcome != core.LocalOnly || !errors.Is(err, core.ErrForeign) {
		t.Errorf("Expire: %v, %v", outcome, err)
	}
	if data, _, err := s.store.Get(t.Context(), serverKey); string(data) != theirs || err != nil {
		t.Errorf("the server has %q, %v", data, err)
	}
	expectCount(t, "foreign bytes seen", foreign, 4)
	expectCount(t, "failures of the layer", failed, 0)
	if err := s.store.Delete(t.Context(), serverKey); err != nil { // so that nothing is owed at the end
		t.Error(err)
	}
}
