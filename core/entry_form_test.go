// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func wantForm(t *testing.T, m core.Meta) {
	t.Helper()
	data := core.Encoded([]byte("payload"), m).AppendBinary([]byte("dst"))[3:]
	got, payload, err := core.ParseEntry(data)
	if err != nil || !reflect.DeepEqual(got, m) || string(payload) != "payload" || cap(payload) != len(payload) {
		t.Errorf("%x parsed as\n%+v, %q, %v, want\n%+v", data, got, payload, err, m)
	}
}

func TestEntryForm_RoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		if wantForm(t, randomMeta(rnd)); t.Failed() {
			return
		}
	}
}

func TestEntryForm_InstantsAtTheEnds(t *testing.T) {
	ends := []core.Instant{math.MinInt64, math.MinInt64 + 1, -1 << 62, -1, 0, 1, 1e9, 1 << 62, core.Never - 1, core.Never}
	for _, stale := range ends {
		for _, i := range ends {
			wantForm(t, core.Meta{Born: i, Checked: stale, Stale: stale, Dead: max(stale, i), Retry: i})
			wantForm(t, core.Meta{Born: i, Checked: i, Stale: stale, Dead: max(stale, i)})
		}
	}
}

func TestEntryForm_TruncatedAtEveryByte(t *testing.T) {
	m := metaOfAll()
	whole := core.Encoded(nil, m).AppendBinary(nil)
	for n := range whole {
		if got, payload, err := core.ParseEntry(whole[:n]); err == nil {
			t.Errorf("first %d of %d bytes: %+v, %q", n, len(whole), got, payload)
		}
	}
}

func TestEntryForm_RefusesWhatCannotBe(t *testing.T) {
	for name, data := range map[string]string{
		"nothing":             "",
		"head of no bytes":    "\x00\x00\x00" + "1234567",
		"head too short":      "\x02\x01\x00\x02" + "1234567\x00",
		"head too long":       "\x03\x00\x00\x00" + "1234567",
		"head beyond the end": "\xff\x00\x00" + "1234567",
		"pivot of 6 bytes":    "\x02\x00\x00" + "123456",
		"a second too much":   "\x03\x01\x00\x02" + "1234567\x80\x94\xeb\xdc\x03",
		"epoch of nothing":    "\x12\x20\x00" + string(make([]byte, 16)) + "1234567\x00",
		"dead before stale":   "\x04\x05\x00\x02\x01" + "1234567\x00\x00",
	} {
		if m, payload, err := core.ParseEntry([]byte(data)); err == nil {
			t.Errorf("%s: parsed as %+v, %q", name, m, payload)
		}
	}
}

// What is not in the head takes room for each entry: a million of them are to take no
// more than 170 bytes each in freecache.
func TestSplitEntry_EntriesLoadedAlikeDifferInLittle(t *testing.T) {
	o := core.EntryOptions{TTL: time.Hour}
	stamp := &core.Stamp{Epoch: core.Generation{Hard: 1 << 63, Soft: 1 << 62}, Marked: 9}
	var first []byte
	now := core.Instant(time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC).UnixNano())
	for i := range 100 {
		m := o.Meta(now, now+core.Instant(i*100))
		m.Stamp = stamp
		head, own, ok := core.SplitEntry(core.Encoded([]byte("payload"), m).AppendBinary(nil))
		if !ok || len(own) > len("payload")+10 {
			t.Fatalf("%d bytes of an entry are its own: %x", len(own), own)
		}
		if first == nil {
			first = head
		}
		if !bytes.Equal(head, first) {
			t.Fatalf("head %x, want %x", head, first)
		}
		now += core.Instant(10 * time.Minute)
	}
	for _, bad := range []string{"", "\x01", "\x02\x00"} {
		if head, own, ok := core.SplitEntry([]byte(bad)); ok {
			t.Errorf("%q is split into %q and %q", bad, head, own)
		}
	}
}
