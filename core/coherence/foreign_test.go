// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"fmt"
	"testing"
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
	versions := coherence.NewVersions(coherence.NewNodeID(), clock.Wall)
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
