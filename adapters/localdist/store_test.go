// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localdist_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
)

func set(tb testing.TB, s *localdist.Store, key string, size int, ttl time.Duration) {
	tb.Helper()
	if err := s.Set(tb.Context(), key, make([]byte, size), ttl); err != nil {
		tb.Fatal(err)
	}
}

func holds(tb testing.TB, s *localdist.Store, key string) bool {
	tb.Helper()
	_, ok, err := s.Get(tb.Context(), key)
	if err != nil {
		tb.Fatal(err)
	}
	return ok
}

func TestNew_NamesEveryWrongOption(t *testing.T) {
	_, err := localdist.New(&localdist.Options{MaxEntries: -1, MaxBytes: -1})
	for _, want := range []string{"localdist.Options.MaxEntries", "localdist.Options.MaxBytes"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
}

func TestSet_KeepsTTLToTheNanosecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, nil)
		set(t, s, "k", 1, time.Second+1)
		time.Sleep(time.Second)
		if !holds(t, s, "k") {
			t.Error("ended 1 ns early")
		}
		time.Sleep(time.Nanosecond)
		if holds(t, s, "k") {
			t.Error("still there when the ttl has passed")
		}
	})
}

func TestSet_RefusesTTLThatIsNotPositive(t *testing.T) {
	s := newStore(t, nil)
	for _, ttl := range []time.Duration{0, -1} {
		if err := s.Set(t.Context(), "k", nil, ttl); err == nil || !strings.Contains(err.Error(), `"k"`) {
			t.Errorf("ttl %d: got %v, want an error that names the key", ttl, err)
		}
	}
}

func TestSet_FullStoreDropsExpiredThenWhatExpiresNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, &localdist.Options{MaxEntries: 3})
		set(t, s, "lasting", 1, core.Forever)
		set(t, s, "brief", 1, time.Second)
		set(t, s, "middle", 1, time.Minute)
		time.Sleep(2 * time.Second)
		set(t, s, "new", 1, time.Hour) // takes the place of "brief", which has expired
		set(t, s, "newer", 1, time.Hour)
		got := fmt.Sprint(holds(t, s, "lasting"), holds(t, s, "brief"), holds(t, s, "middle"), holds(t, s, "new"), holds(t, s, "newer"))
		if want := "true false false true true"; got != want {
			t.Errorf("held: got %s, want %s", got, want)
		}
	})
}

func TestSet_StaysWithinItsBounds(t *testing.T) {
	for _, opts := range []localdist.Options{
		{MaxEntries: 100}, {MaxBytes: 64 << 10}, {MaxEntries: 20_000}, {MaxEntries: 50_000, MaxBytes: 16 << 20},
	} {
		s := newStore(t, &opts)
		for i := range 60_000 {
			set(t, s, fmt.Sprint(i), 100, time.Hour)
		}
		if opts.MaxEntries > 0 && s.Len() > opts.MaxEntries {
			t.Errorf("%+v: %d entries", opts, s.Len())
		}
		if opts.MaxBytes > 0 && int64(s.Len())*(100+128) > opts.MaxBytes {
			t.Errorf("%+v: %d entries of over 228 bytes", opts, s.Len())
		}
		if s.Len() < 90 {
			t.Errorf("%+v: only %d entries are left", opts, s.Len())
		}
	}
}

func TestSet_WhatCanNeverFitIsRefusedAndTheOldValueGone(t *testing.T) {
	s := newStore(t, &localdist.Options{MaxBytes: 1 << 10})
	set(t, s, "other", 10, time.Hour)
	set(t, s, "k", 10, time.Hour)
	if err := s.Set(t.Context(), "k", make([]byte, 1<<10), time.Hour); !errors.Is(err, core.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	if holds(t, s, "k") || !holds(t, s, "other") {
		t.Error("the outdated value must go, the other entry stay")
	}
}

func TestSet_WritesReuseTheMemoryOfTheExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, &localdist.Options{MaxEntries: 1000})
		for i := range 100 {
			set(t, s, fmt.Sprint("brief", i), 1, time.Second)
		}
		time.Sleep(time.Minute)
		for i := range 50 {
			set(t, s, fmt.Sprint("new", i), 1, time.Hour)
		}
		if got := s.Len(); got != 50 {
			t.Errorf("%d entries, want the 50 new ones: every write frees two expired ones", got)
		}
	})
}

func TestStore_IsSharedLikeAServer(t *testing.T) {
	s := newStore(t, nil)
	var one, other core.DistributedLayer = s, s
	if err := one.Set(t.Context(), "k", []byte("v"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if data, ok, err := other.Get(t.Context(), "k"); string(data) != "v" || !ok || err != nil {
		t.Errorf("got %q, %v, %v", data, ok, err)
	}
}

func TestClose_ForgetsAndMayBeRepeated(t *testing.T) {
	s := newStore(t, nil)
	set(t, s, "k", 1, time.Hour)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if s.Len() != 0 {
		t.Errorf("%d entries after Close", s.Len())
	}
	if _, _, err := s.Get(t.Context(), "k"); !errors.Is(err, localdist.ErrClosed) {
		t.Errorf("Get: %v, want ErrClosed", err)
	}
}

func TestGet_MissAllocatesNothing(t *testing.T) {
	s, ctx := newStore(t, nil), t.Context()
	if n := testing.AllocsPerRun(100, func() { _, _, _ = s.Get(ctx, "absent") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
