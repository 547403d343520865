// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// lists is a server that holds a list in every place.
type lists struct{}

var errList = fmt.Errorf("wrong type: %w", core.ErrForeign)

func (lists) Get(context.Context, string) ([]byte, bool, error)        { return nil, false, errList }
func (lists) Set(context.Context, string, []byte, time.Duration) error { return errList }
func (lists) Delete(context.Context, string) error                     { return errList }
func (lists) ReadHeader(context.Context, string) ([]byte, bool, error) { return nil, false, errList }
func (lists) Arbitrate(context.Context, string, core.Write) (core.Ruling, error) {
	return core.Ruling{Foreign: true}, nil
}

func TestShared_WhatIsNoBytesIsForeignAndNoFailure(t *testing.T) {
	events := core.NewEvents("test")
	heard := listen(events, core.AllKinds)
	clock := core.NewMonotonic(nil)
	versions := coherence.NewVersions(coherence.NewNodeID(), clock.Wall, 0)
	s := coherence.NewShared(lists{}, coherence.Prefixes{Entries: "e:", Marks: "m:"}, clock, versions, coherence.SharedOptions{}, events)
	found, err := s.Read(t.Context(), "k")
	if err != nil || found.Payload != nil || found.Seen == nil || !found.Seen.Foreign {
		t.Errorf("read: %+v, %v", found, err)
	}
	if seen, err := s.Seen(t.Context(), "k"); err != nil || seen == nil || !seen.Foreign {
		t.Errorf("seen: %+v, %v", seen, err)
	}
	if h, ok, err := s.Header(t.Context(), "k"); err != nil || ok {
		t.Errorf("header: %+v, %t, %v", h, ok, err)
	}
	if heard.count(core.LayerFailed) != 0 || heard.count(core.Foreign) != 1 {
		t.Errorf("events %+v", heard.all)
	}
}

// What another node owes from before would come through, were this one to give up.
func TestReplay_WaitsForForeignDataToGo(t *testing.T) {
	for _, test := range []struct {
		name   string
		gone   time.Duration
		stored bool
	}{
		{"soon", 20 * time.Second, true},
		{"too late", 120 * time.Second, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { checkForeign(t, test.gone, test.stored) })
		})
	}
}

func checkForeign(t *testing.T, gone time.Duration, stored bool) {
	n := newNode(t, true)
	n.writer.Recovery = coherence.NewRecovery(coherence.RecoveryOptions{}, n.clock, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go n.writer.Recover(ctx)
	defer cancel()
	theirs := []byte("somebody else's")
	if err := n.server.store.Set(ctx, "e:k", theirs, time.Hour); err != nil {
		t.Fatal(err)
	}
	if outcome, err := n.set(t, 1); err != nil || outcome != core.LocalOnly {
		t.Fatalf("set: %v, %v", outcome, err)
	}
	time.Sleep(gone)
	data, _, err := n.server.store.Get(ctx, "e:k")
	if err != nil || string(data) != string(theirs) {
		t.Errorf("what was foreign is %q, %v", data, err)
	}
	if err := n.server.store.Delete(ctx, "e:k"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Second)
	if _, ok, err := n.server.store.Get(ctx, "e:k"); ok != stored || err != nil {
		t.Errorf("stored %t, want %t; %v", ok, stored, err)
	}
	if owed, _ := n.writer.Recovery.Len(); owed != 0 {
		t.Errorf("%d keys are owed", owed)
	}
}
