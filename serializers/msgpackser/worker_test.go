// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestRelease_DropsLargeBuffers: one large value must not stay in memory.
func TestRelease_DropsLargeBuffers(t *testing.T) {
	s, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("x", 1<<20)
	stamps := make([]time.Time, 20_000)
	for i := range stamps {
		stamps[i] = time.Unix(1<<31, 0)
	}
	few := stamps[:5000] // small, but large with wide timestamps
	for _, v := range []any{&text, &stamps, &few} {
		data, err := s.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Unmarshal(data, v); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			w := s.worker()
			inside := reflect.ValueOf(w.dec).Elem().FieldByName("buf").Cap()
			if max(cap(w.scratch), cap(w.out.data), 8*cap(w.scan.stamps), inside) > maxRetained {
				t.Errorf("%T: kept %d, %d, %d and %d bytes", v, cap(w.scratch), cap(w.out.data), 8*cap(w.scan.stamps), inside)
			}
		}
	}
}

func TestWiden_KeepsInstants(t *testing.T) {
	s, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		secs, nanos int64
		widened     bool
	}{
		{0, 0, false}, {1 << 31, 0, true}, {0x8fffffff, 0, true}, {0x90000000, 0, false}, {0xc0000000, 0, true},
		{0xdeadbeef, 0, true}, {0xdf000000, 0, true}, {5, 0x80 << 22, true}, {1<<34 - 1, 0xdf << 22, true},
		{1 << 33, 0xc0 << 22, true}, {1 << 34, 0x80 << 22, false}, {-1, 999_999_999, false}, {7, 1, false},
	} {
		want := time.Unix(c.secs, c.nanos)
		list := []any{1, want, "text", map[string]any{"k": want}}
		data, err := s.Marshal(&list)
		if err != nil {
			t.Fatal(err)
		}
		w := s.worker()
		if err := w.scan.run(data, anyShape(t), 128); err != nil || (len(w.scan.stamps) == 2) != c.widened {
			t.Errorf("%v: %d stamps, %v", want, len(w.scan.stamps), err)
		}
		var back []any
		if err := s.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		inner := back[3].(map[string]any)["k"]
		if !back[1].(time.Time).Equal(want) || !inner.(time.Time).Equal(want) || back[2] != "text" {
			t.Errorf("%v came back as %v", want, back)
		}
	}
}

func anyShape(t *testing.T) *shape {
	t.Helper()
	s, err := (&Serializer{}).shapeOf(reflect.TypeFor[*any]())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
