// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire_test

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

func TestFrame_GivesBackWhatWasWritten(t *testing.T) {
	for _, s := range samples() {
		s.record.Meta.Checked = 99 // of the writer, and no business of the reader
		f, err := wire.V1{}.Parse(s.record.Key, s.frame(), offset)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		want := s.record.Meta
		want.Version, want.Checked = version(), 0
		if f.Header != s.record.Header || !reflect.DeepEqual(f.Meta, want) || string(f.Payload) != s.payload {
			t.Errorf("%s: got %+v, want %+v with %q", s.name, f, want, s.payload)
		}
		if (f.Payload == nil) != (s.record.Header.Kind == core.TombstoneWrite) {
			t.Errorf("%s: payload is %#v", s.name, f.Payload)
		}
	}
}

func TestFrame_IsWrittenInPlaceBehindWhatIsThere(t *testing.T) {
	for _, s := range samples() {
		buf := make([]byte, 0, 1024)
		buf = append(buf, "before"...)
		start := len(buf)
		got := wire.V1{}.Begin(buf, s.record)
		got = append(got, s.payload...)
		got = wire.V1{}.Finish(got, start, s.record)
		if string(got) != "before"+string(s.frame()) || &got[0] != &buf[0] {
			t.Errorf("%s: got %q", s.name, got)
		}
	}
}

func TestFrame_PayloadCannotGrowIntoTheChecksum(t *testing.T) {
	data := samples()[0].frame()
	f, err := wire.V1{}.Parse(samples()[0].record.Key, data, offset)
	if err != nil || cap(f.Payload) != len(f.Payload) {
		t.Errorf("payload has capacity %d, %v", cap(f.Payload), err)
	}
}

// A reader with another time line sees the same moments on the wall clock.
func TestFrame_CarriesWallClockBetweenTimeLines(t *testing.T) {
	for _, s := range samples()[:2] {
		const later = offset + 5*time.Hour
		f, err := wire.V1{}.Parse(s.record.Key, s.frame(), later)
		if err != nil {
			t.Fatal(err)
		}
		const shift = 5 * core.Instant(time.Hour)
		want := s.record.Meta
		want.Version, want.Born, want.Stale, want.Dead = version(), want.Born-shift, want.Stale-shift, want.Dead-shift
		if want.Retry != 0 {
			want.Retry -= shift
		}
		if !reflect.DeepEqual(f.Meta, want) {
			t.Errorf("%s: got %+v, want %+v", s.name, f.Meta, want)
		}
	}
}

func TestFrame_HoldsTimesThatDoNotFit(t *testing.T) {
	const far = math.MaxInt64 - 1
	tests := []struct {
		name       string
		in         core.Meta
		write      time.Duration
		read       time.Duration
		born, dead core.Instant
	}{
		{"too late on the wall", core.Meta{Born: 1, Stale: far, Dead: far}, offset, offset, 1, core.Never},
		{"before 1970", core.Meta{Born: math.MinInt64, Stale: 5, Dead: 5}, offset, offset, 1 - core.Instant(offset), 5},
		{"before the reader's time line", core.Meta{Born: 1, Stale: 5, Dead: 5}, 0, math.MaxInt64, 1 - math.MaxInt64, 5 - math.MaxInt64},
		{"after the reader's time line", core.Meta{Born: 1, Stale: 5, Dead: far}, 0, -100, 101, core.Never},
	}
	for _, test := range tests {
		r := wire.Record{Key: "k", Meta: test.in, Offset: test.write}
		f, err := wire.V1{}.Parse("k", wire.AppendFrame(wire.V1{}, nil, r, nil), test.read)
		if err != nil || f.Meta.Born != test.born || f.Meta.Dead != test.dead || f.Meta.Dead < f.Meta.Stale {
			t.Errorf("%s: got %+v, %v", test.name, f.Meta, err)
		}
	}
}

func TestFrame_AnExpiryFarAheadIsLegal(t *testing.T) {
	year := core.Instant(365 * 24 * time.Hour)
	r := wire.Record{Key: "k", Meta: core.Meta{Stale: 100 * year, Dead: 200 * year}, Offset: offset}
	f, err := wire.V1{}.Parse("k", wire.AppendFrame(wire.V1{}, nil, r, nil), offset)
	if err != nil || f.Meta.Stale != 100*year || f.Meta.Dead != 200*year {
		t.Errorf("got %+v, %v", f.Meta, err)
	}
}

func TestFrame_OutlivesAServerThatRaisesItsHeader(t *testing.T) {
	s := samples()[1]
	data := s.frame()
	raised := s.record.Header
	raised.Time, raised.Tick, raised.Bump = raised.Time+1, 0, 99
	copy(data, core.AppendHeader(nil, raised))
	f, err := wire.V1{}.Parse(s.record.Key, data, offset)
	if err != nil || f.Meta.Version != raised.Version || string(f.Payload) != s.payload {
		t.Errorf("got %+v, %v", f, err)
	}
}

func TestFrame_IsBoundToItsKey(t *testing.T) {
	for _, s := range samples() {
		if s.record.Header.Kind == core.TombstoneWrite {
			continue
		}
		for _, key := range []string{"", "v1:orders:43", "v1:orders:4", "v1:orders:42 ", "V1:orders:42", "v1:order:s42", s.record.Key + "\x01\x00"} {
			if _, err := (wire.V1{}).Parse(key, s.frame(), offset); !errors.Is(err, wire.ErrCorrupt) {
				t.Errorf("%s: under %q: %v", s.name, key, err)
			}
		}
	}
}

func TestFrame_ATombstoneIsReadWhateverFollows(t *testing.T) {
	header := samples()[2].frame()
	if len(header) != core.HeaderSize {
		t.Fatalf("a tombstone has %d bytes", len(header))
	}
	f, err := wire.V1{}.Parse("any key", append(header, 9, 9, 9), offset)
	if err != nil || f.Header.Kind != core.TombstoneWrite || f.Meta.Version != version() || f.Payload != nil {
		t.Errorf("got %+v, %v", f, err)
	}
}

func TestParse_TellsTheReasonsApart(t *testing.T) {
	header := string(samples()[0].frame()[:core.HeaderSize])
	sealed := func(body string) string {
		return header + body + string(binary.BigEndian.AppendUint32(nil, crc("k", []byte(header[25:]+body))))
	}
	begun := func(rest string) string { return sealed(opening(0) + rest) }
	varint := func(v int64) string { return string(binary.AppendVarint(nil, v)) }
	if _, err := (wire.V1{}).Parse("k", []byte(begun("\x00value")), offset); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, data string
		want       error
	}{
		{"empty", "", wire.ErrForeign},
		{"text", "hello", wire.ErrForeign},
		{"JSON", `{"value":` + strings.Repeat("1", 100) + `}`, wire.ErrForeign},
		{"the magic only", "H1", wire.ErrForeign},
		{"another header version", strings.Replace(begun("\x00value"), "H1", "H2", 1), wire.ErrForeign},
		{"no body", header, wire.ErrCorrupt},
		{"no flags", header + "\x01", wire.ErrCorrupt},
		{"no version as written", sealed("\x01\x00"), wire.ErrCorrupt},
		{"no checksum", header + opening(0), wire.ErrCorrupt},
		{"part of a checksum", header + opening(0) + "abc", wire.ErrCorrupt},
		{"a byte too much", begun("\x00value") + "x", wire.ErrCorrupt},
		{"version 0", sealed("\x00\x00\x00value"), wire.ErrCorrupt},
		{"version 2", sealed("\x02\x00\x00value"), wire.ErrNewer},
		{"version 255", header + "\xff\x00", wire.ErrNewer},
		{"a flag", sealed("\x01\x80\x00value"), wire.ErrNewer},
		{"no metadata", begun(""), wire.ErrCorrupt},
		{"metadata cut off", begun("\x01"), wire.ErrCorrupt},
		{"metadata with a reserved bit", begun("\x80value"), wire.ErrCorrupt},
		{"metadata with a version", begun("\x40" + strings.Repeat("v", 32)), wire.ErrCorrupt},
		{"metadata with a check", begun("\x05" + varint(5) + varint(1)), wire.ErrCorrupt},
		{"stale before 1970", begun("\x01" + varint(-1)), wire.ErrCorrupt},
		{"born before 1970", begun("\x03" + varint(5) + varint(-6)), wire.ErrCorrupt},
		{"dead beyond the end", begun("\x09" + varint(math.MaxInt64-1) + varint(2)), wire.ErrCorrupt},
		{"dead before stale", begun("\x09" + varint(5) + varint(-1)), wire.ErrCorrupt},
		{"17 tags", begun("\x20\x11" + strings.Repeat("\x00", 17)), wire.ErrCorrupt},
		{"a tag longer than the data", begun("\x20\x01\x7f"), wire.ErrCorrupt},
	}
	for _, test := range tests {
		f, err := wire.V1{}.Parse("k", []byte(test.data), offset)
		if err != test.want || f.Payload != nil {
			t.Errorf("%s: got %+v, %v; want %v", test.name, f, err, test.want)
		}
		if err != wire.ErrForeign && f.Header != samples()[0].record.Header {
			t.Errorf("%s: the header is missing: %+v", test.name, f)
		}
	}
}

func TestParse_RefusesEveryTruncation(t *testing.T) {
	for _, s := range samples() {
		data := s.frame()
		for n := range data {
			if _, err := (wire.V1{}).Parse(s.record.Key, data[:n], offset); err == nil {
				t.Errorf("%s: %d of %d bytes were accepted", s.name, n, len(data))
			}
		}
	}
}

// Flips may hide a value, turn it into a tombstone, or make its version look as if
// the server had raised it, but what is found is right.
func TestParse_NeverGivesAWrongValueAfterBitFlips(t *testing.T) {
	flips := 200_000
	if testing.Short() {
		flips = 20_000
	}
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	all := samples()
	for i := range all {
		all[i].record.Header.Bump = 0 // what no server has raised
	}
	for range flips {
		s := all[rng.IntN(len(all))]
		data := s.frame()
		for range 1 + rng.IntN(4)*rng.IntN(4) {
			bit := rng.IntN(len(data) * 8)
			data[bit/8] ^= 1 << (bit % 8)
		}
		f, err := wire.V1{}.Parse(s.record.Key, data, offset)
		if err != nil || f.Header.Kind == core.TombstoneWrite {
			continue
		}
		want := s.record.Meta
		if want.Version = s.record.Header.Version; f.Header.Bump > 0 {
			want.Version.Time, want.Version.Tick, want.Version.Bump = f.Header.Time, f.Header.Tick, f.Header.Bump
		}
		if string(f.Payload) != s.payload || !reflect.DeepEqual(f.Meta, want) {
			t.Fatalf("seed %d: %s: %q was taken for %+v", seed, s.name, data, f)
		}
	}
}

// A digit of the header that becomes another one is well-formed. It would make a
// value look newer than a removal that it is older than.
func TestParse_RefusesAHeaderWithAnotherVersionThanWasWritten(t *testing.T) {
	s := samples()[0]
	s.record.Header.Bump = 0
	for at := 2; at < 46; at++ {
		if 20 <= at && at < 25 {
			continue // the server may raise this
		}
		for _, digit := range []byte("0123456789abcdef") {
			data := s.frame()
			if data[at] == digit {
				continue
			}
			data[at] = digit
			if f, err := (wire.V1{}).Parse(s.record.Key, data, offset); err == nil {
				t.Errorf("%q was taken for %+v", data, f.Meta.Version)
			}
		}
	}
}

func TestParse_RefusesARaisedHeaderThatIsLowerThanWasWritten(t *testing.T) {
	s := samples()[0]
	for _, lower := range []core.Header{
		{Version: core.Version{Time: version().Time - 1, Tick: 99}},
		{Version: core.Version{Time: version().Time, Tick: version().Tick - 1}},
	} {
		lower.Bump, lower.Node, lower.Op, lower.Kind = 1, version().Node, version().Op, s.record.Header.Kind
		data := s.frame()
		copy(data, core.AppendHeader(nil, lower))
		if f, err := (wire.V1{}).Parse(s.record.Key, data, offset); err != wire.ErrCorrupt {
			t.Errorf("%+v: read %+v, %v", lower, f, err)
		}
	}
}
