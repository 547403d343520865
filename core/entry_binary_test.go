// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestEntryBinary_FormIsFixed(t *testing.T) {
	for _, c := range []struct {
		name string
		meta core.Meta
		want string // hexadecimal, before the payload
	}{
		{"zero", core.Meta{}, "01 00"},
		{"for ever", core.Meta{Stale: core.Never, Dead: core.Never}, "00"},
		{"life", core.Meta{Stale: 100, Dead: 200}, "09 c801 c801"},
		{"dead with stale", core.Meta{Stale: 100, Dead: 100}, "01 c801"},
		{"kept for ever", core.Meta{Stale: 1, Dead: core.Never}, "09 02 fcffffffffffffffff01"},
		{"born", core.Meta{Born: 90, Stale: 100, Dead: 100}, "03 c801 13"},
		{"checked, for ever", core.Meta{Checked: 90, Stale: core.Never, Dead: core.Never}, "04 b401"},
		{"checked when born", core.Meta{Born: 90, Checked: 90, Stale: 100, Dead: 100}, "07 c801 13 00"},
		{"retry", core.Meta{Stale: 100, Dead: 100, Retry: 101, Cycles: 3}, "11 c801 02 03"},
		{"tags", core.Meta{Stamp: &core.Stamp{Tags: []string{"ab", ""}}}, "21 00 02 026162 00"},
		{"version", core.Meta{Version: core.Version{Time: 1, Tick: 2, Bump: 3, Node: 4, Op: 5}},
			"41 0100000000000000 02000000 03000000 0400000000000000 0500000000000000 00"},
		{"marks", core.Meta{Stamp: &core.Stamp{Epoch: core.Generation{Hard: 1, Soft: 2}, Marked: 300}},
			"81 00 0100000000000000 0200000000000000 ac02"},
		{"marks of tags", core.Meta{Stamp: &core.Stamp{Tags: []string{"a"}, Epoch: core.Generation{Hard: 1}, Generations: []core.Generation{{Soft: 2}}}},
			"a1 00 01 0161 0100000000000000 0000000000000000 0000000000000000 0200000000000000 00"},
		{"marks without an epoch", core.Meta{Stamp: &core.Stamp{Tags: []string{"a"}, Generations: []core.Generation{{Soft: 2}}, Marked: 3}}, "21 00 01 0161"},
	} {
		got := append(c.meta.AppendBinary(nil), 'p')
		want, err := hex.DecodeString(strings.ReplaceAll(c.want, " ", "") + "70")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", c.name, got, want)
		}
	}
}

func TestEntryBinary_RoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 20_000 {
		m, payload := randomMeta(rnd), randomBytes(rnd, rnd.IntN(40))
		data := append(m.AppendBinary([]byte("prefix")), payload...)
		if !bytes.HasPrefix(data, []byte("prefix")) {
			t.Fatalf("round %d: what dst held is gone: %q", i, data)
		}
		wantParsed(t, data[len("prefix"):], m, payload)
		if t.Failed() {
			t.Fatalf("round %d: %+v", i, m)
		}
	}
}

func TestEntryBinary_InstantsAtTheEnds(t *testing.T) {
	ends := []core.Instant{math.MinInt64, math.MinInt64 + 1, -1 << 62, -1, 0, 1, 1 << 62, core.Never - 1, core.Never}
	for _, stale := range ends {
		for _, i := range ends {
			m := core.Meta{Born: i, Checked: i, Stale: stale, Dead: max(stale, i), Retry: i}
			wantParsed(t, append(m.AppendBinary(nil), 'p'), m, []byte("p"))
		}
	}
}

func TestParseMeta_TruncatedAtEveryByte(t *testing.T) {
	m := metaOfAll()
	whole := m.AppendBinary(nil)
	for n := range whole {
		got, payload, err := core.ParseMeta(whole[:n])
		if err == nil || payload != nil || !reflect.DeepEqual(got, core.Meta{}) {
			t.Errorf("first %d of %d bytes: %+v, %q, %v; want an error and nothing else", n, len(whole), got, payload, err)
		}
	}
	wantParsed(t, whole, m, nil)
}

func TestParseMeta_RefusesWhatCannotBe(t *testing.T) {
	tags := func(n, size int) string {
		return strings.Repeat(fmt.Sprintf("%c%s", size, strings.Repeat("t", size)), n)
	}
	for name, data := range map[string]string{
		"nothing":                "",
		"marks without epoch":    "\x80" + strings.Repeat("\x00", 17),
		"epoch of 15 bytes":      "\x80" + strings.Repeat("e", 15),
		"no count of marks":      "\x80" + strings.Repeat("e", 16),
		"tag without generation": "\xa0\x01\x01t" + strings.Repeat("e", 17),
		"dead before stale":      "\x09\x08\x01",
		"dead past the end":      "\x09\xfc\xff\xff\xff\xff\xff\xff\xff\xff\x01\x04",
		"cycles over 32 bits":    "\x11\x00\x00\x80\x80\x80\x80\x10",
		"varint without end":     "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"varint over 64 bits":    "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
		"no tags":                "\x20\x00",
		"17 tags":                "\x20\x11" + tags(17, 1),
		"count of 2^63":          "\x20\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
		"tag of 257 bytes":       "\x20\x01\x81\x02" + strings.Repeat("t", 257),
		"tag longer than data":   "\x20\x01\x05tttt",
		"tag of 2^63 bytes":      "\x20\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
		"second tag missing":     "\x20\x02\x01t",
		"version of 31 bytes":    "\x40" + strings.Repeat("v", 31),
		"flags without a field":  "\x09\x02",
		"retry without a cycles": "\x11\x00\x00",
	} {
		if m, payload, err := core.ParseMeta([]byte(data)); err == nil {
			t.Errorf("%s: parsed as %+v, %q", name, m, payload)
		}
	}
}

func TestEntryBinary_TagWithoutGenerationCountsAsRemoved(t *testing.T) {
	s := core.Stamp{Tags: []string{"a", "b"}, Epoch: core.Generation{Hard: 1}, Generations: []core.Generation{{Hard: 2}}}
	m := core.Meta{Stamp: &s}
	made := s
	made.Generations = append(slices.Clone(s.Generations), core.Generation{})
	want := core.Meta{Stamp: &made}
	wantParsed(t, m.AppendBinary(nil), want, nil)
}

func TestParseMeta_TakesTheMostTags(t *testing.T) {
	m := core.Meta{Stamp: &core.Stamp{}}
	for i := range 16 {
		m.Stamp.Tags = append(m.Stamp.Tags, strings.Repeat(string(rune('a'+i)), 256))
	}
	wantParsed(t, m.AppendBinary(nil), m, nil)
}

func TestParseMeta_PayloadAliasesDataAndIsClipped(t *testing.T) {
	data := append((&core.Meta{}).AppendBinary(make([]byte, 0, 100)), "payload"...)
	_, payload, err := core.ParseMeta(data)
	if err != nil || string(payload) != "payload" {
		t.Fatalf("payload is %q, error is %v", payload, err)
	}
	if &payload[0] != &data[len(data)-len(payload)] {
		t.Error("the payload was copied")
	}
	if cap(payload) != len(payload) {
		t.Errorf("capacity is %d, want %d: an append would write into the caller's memory", cap(payload), len(payload))
	}
}

func TestEntryBinary_AllocatesNothingWithoutStamp(t *testing.T) {
	m := metaOfAll()
	m.Stamp = nil
	e := core.Encoded([]byte("payload"), m)
	buf := make([]byte, 0, 200)
	if n := testing.AllocsPerRun(100, func() { buf = e.AppendBinary(buf[:0]) }); n != 0 {
		t.Errorf("AppendBinary: %v allocations, want 0", n)
	}
	if n := testing.AllocsPerRun(100, func() { _, _, _ = core.ParseEntry(buf) }); n != 0 {
		t.Errorf("ParseEntry: %v allocations, want 0", n)
	}
}

func FuzzParseMeta(f *testing.F) {
	all := metaOfAll()
	f.Add(append(all.AppendBinary(nil), "payload"...))
	f.Add((&core.Meta{Stale: core.Never, Dead: core.Never}).AppendBinary(nil))
	f.Add([]byte("\x20\x10" + strings.Repeat("\x01t", 16)))
	f.Add([]byte("\x20\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"))
	f.Add([]byte("\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		m, payload, err := core.ParseMeta(data)
		if grown := allocated() - before; grown > 1<<20 {
			t.Errorf("%d bytes made it allocate %d", len(data), grown)
		}
		if err != nil {
			return
		}
		if len(payload) > len(data) || len(m.Stamp.Names()) > 16 || m.Dead < m.Stale {
			t.Errorf("took %x as %+v", data, m)
		}
		// What was taken can be written, and then has one form only.
		wantParsed(t, append(m.AppendBinary(nil), payload...), m, payload)
	})
}

// allocated returns how many bytes the whole process has allocated so far, so a
// limit on a difference must leave room for others.
func allocated() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.TotalAlloc
}

func wantParsed(t *testing.T, data []byte, want core.Meta, wantPayload []byte) {
	t.Helper()
	m, payload, err := core.ParseMeta(data)
	if err != nil {
		t.Errorf("%x: %v", data, err)
		return
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("%x parsed as\n%+v, want\n%+v", data, m, want)
	}
	if !bytes.Equal(payload, wantPayload) {
		t.Errorf("%x: payload is %q, want %q", data, payload, wantPayload)
	}
}

func randomMeta(rnd *rand.Rand) core.Meta {
	m := core.Meta{
		Born: randomInstant(rnd), Checked: randomInstant(rnd), Stale: randomInstant(rnd), Retry: randomInstant(rnd),
	}
	m.Dead = max(m.Stale, randomInstant(rnd))
	if rnd.IntN(2) == 0 {
		m.Dead = m.Stale
	}
	if rnd.IntN(2) == 0 {
		m.Version = core.Version{
			Time: rnd.Int64(), Tick: rnd.Uint32(), Bump: rnd.Uint32(), Node: rnd.Uint64(), Op: rnd.Uint64(),
		}
	}
	if rnd.IntN(2) == 0 {
		m.Cycles = rnd.Uint32() >> rnd.IntN(32)
	}
	var s core.Stamp
	for range rnd.IntN(4) {
		s.Tags = append(s.Tags, string(randomBytes(rnd, rnd.IntN(257))))
	}
	if rnd.IntN(2) == 0 {
		s.Epoch, s.Marked = randomGeneration(rnd), rnd.Uint64()>>rnd.IntN(64)
		for range s.Tags {
			s.Generations = append(s.Generations, randomGeneration(rnd))
		}
	}
	if len(s.Tags) > 0 || !s.Epoch.IsZero() {
		m.Stamp = &s
	}
	return m
}

func randomGeneration(rnd *rand.Rand) core.Generation {
	return core.Generation{Hard: rnd.Uint64(), Soft: rnd.Uint64()}
}

// randomInstant returns zero, an end of the line, or an instant of any size.
func randomInstant(rnd *rand.Rand) core.Instant {
	switch rnd.IntN(6) {
	case 0:
		return 0
	case 1:
		return core.Never - core.Instant(rnd.IntN(2))
	case 2:
		return math.MinInt64 + core.Instant(rnd.IntN(2))
	}
	return core.Instant(int64(rnd.Uint64()) >> rnd.IntN(64))
}

func randomBytes(rnd *rand.Rand, n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(rnd.Uint32())
	}
	return data
}
