// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser_test

import (
	"strings"
	"testing"
)

type struct6 struct {
	ID      int64
	Name    string
	Price   float64
	Stock   int32
	Active  bool
	Comment string
}

func TestUnmarshal_AllocatesOnlyTheValue(t *testing.T) {
	s := mustNew(t, nil)
	text := strings.Repeat("x", 64)
	record := struct6{1 << 40, "a name of a product", 9.99, 42, true, "a comment"}
	blob := make([]byte, 1024)
	var (
		gotText   string
		gotRecord struct6
		gotBlob   []byte
	)
	cases := []struct {
		name        string
		value       any
		target      any
		reset       func()
		wantsAllocs float64
	}{
		{"64 bytes of text", &text, &gotText, func() { gotText = "" }, 1},
		{"six fields", &record, &gotRecord, func() { gotRecord = struct6{} }, 2}, // its two strings
		{"1 KiB", &blob, &gotBlob, func() { gotBlob = nil }, 1},
	}
	for _, c := range cases {
		data, err := s.Marshal(c.value)
		if err != nil {
			t.Fatal(err)
		}
		got := fewestAllocs(func() {
			c.reset()
			err = s.Unmarshal(data, c.target)
		})
		if err != nil || got > c.wantsAllocs {
			t.Errorf("%s: %v allocations, %v, want %v", c.name, got, err, c.wantsAllocs)
		}
	}
}

func TestAppendMarshal_AllocatesNothing(t *testing.T) {
	s := mustNew(t, nil)
	record := struct6{1 << 40, "a name", 9.99, 42, true, "a comment"}
	dst := make([]byte, 0, 256)
	var err error
	got := fewestAllocs(func() { _, err = s.AppendMarshal(dst, &record) })
	if err != nil || got > 0 {
		t.Errorf("%v allocations, %v", got, err)
	}
	got = fewestAllocs(func() { _, err = s.Marshal(&record) })
	if err != nil || got > 1 {
		t.Errorf("Marshal: %v allocations, %v, want the result only", got, err)
	}
}

// fewestAllocs returns how many allocations f needs when the pools are full. The
// race detector empties them at random.
func fewestAllocs(f func()) float64 {
	fewest := testing.AllocsPerRun(1, f)
	for range 100 {
		fewest = min(fewest, testing.AllocsPerRun(1, f))
	}
	return fewest
}
