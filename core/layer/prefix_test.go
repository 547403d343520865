// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer_test

import (
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/layer"
)

func TestPrefix_SetsUsersApart(t *testing.T) {
	ctx := t.Context()
	store := newStore(t)
	a, b := layer.Prefix(store, "a:"), layer.Prefix(store, "b:")
	if err := a.Set(ctx, "k", []byte("of a"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := b.Get(ctx, "k"); ok || err != nil {
		t.Errorf("b sees a's key: %v, %v", ok, err)
	}
	if err := b.Delete(ctx, "k"); err != nil {
		t.Error(err)
	}
	if data, ok, err := store.Get(ctx, "a:k"); string(data) != "of a" || !ok || err != nil {
		t.Errorf("the store holds %q, %v, %v", data, ok, err)
	}
	header := core.Header{Version: core.Version{Time: 1, Node: 1, Op: 1}, Kind: core.ValueWrite}
	arbiter, _ := core.As[core.Arbiter](b)
	w := core.Write{Mode: core.Force, Data: core.AppendHeader(nil, header), TTL: time.Minute}
	if _, err := arbiter.Arbitrate(ctx, "k", w); err != nil {
		t.Error(err)
	}
	if _, ok, _ := store.Get(ctx, "b:k"); !ok {
		t.Error("an arbitrated write misses the prefix")
	}
	if _, ok, _ := arbiter.ReadHeader(ctx, "k"); !ok {
		t.Error("a header read misses the prefix")
	}
}

func TestPrefix_EmptyIsTheLayerItself(t *testing.T) {
	store := newStore(t)
	if got := layer.Prefix(store, ""); got != core.DistributedLayer(store) {
		t.Errorf("got %T", got)
	}
}
