// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

func TestHeader_Is48BytesAsTheScriptReadsThem(t *testing.T) {
	got := wire.AppendHeader([]byte("before"), wire.Header{Version: version(), Kind: wire.KindFill})
	const want = "H1" + "1785000000123" + "00007" + "00003" + "a1b2c3d4e5f6" + "000001234" + "F" + "\n"
	if string(got) != "before"+want || len(want) != wire.HeaderSize {
		t.Errorf("header is %q, want %q", got, want)
	}
	h, err := wire.ParseHeader([]byte(want + "body"))
	if err != nil || h.Version != version() || h.Kind != wire.KindFill {
		t.Errorf("parsed as %+v, %v", h, err)
	}
}

func TestAppendHeader_MakesWhatDoesNotFitFit(t *testing.T) {
	all := core.Version{Time: math.MaxInt64, Tick: math.MaxUint32, Bump: math.MaxUint32, Node: math.MaxUint64, Op: math.MaxUint64}
	tests := []struct {
		name string
		in   wire.Header
		want string
	}{
		{"zero", wire.Header{}, "H1" + strings.Repeat("0", 44) + "V\n"},
		{"negative time", wire.Header{Version: core.Version{Time: -1}, Kind: wire.KindTombstone}, "H1" + strings.Repeat("0", 44) + "T\n"},
		{"too much", wire.Header{Version: all, Kind: 'X'}, "H1" + strings.Repeat("9", 23) + strings.Repeat("f", 21) + "V\n"},
	}
	for _, test := range tests {
		got := wire.AppendHeader(nil, test.in)
		if string(got) != test.want {
			t.Errorf("%s: header is %q, want %q", test.name, got, test.want)
		}
		h, err := wire.ParseHeader(got)
		if err != nil || h.Version != wire.Fit(test.in.Version) {
			t.Errorf("%s: parsed as %+v, %v; Fit says %+v", test.name, h, err, wire.Fit(test.in.Version))
		}
	}
}

func TestFit_KeepsWhatFits(t *testing.T) {
	highest := core.Version{Time: wire.MaxTime, Tick: wire.MaxTick, Bump: wire.MaxTick, Node: wire.MaxNode, Op: wire.MaxOp}
	for _, v := range []core.Version{{}, version(), highest} {
		if got := wire.Fit(v); got != v {
			t.Errorf("Fit(%+v) is %+v", v, got)
		}
	}
}

func TestHeader_TextHasTheOrderOfVersions(t *testing.T) {
	ordered := []core.Version{
		{}, {Node: 1}, {Bump: 1}, {Bump: wire.MaxTick, Node: wire.MaxNode}, {Tick: 1}, {Tick: wire.MaxTick}, {Time: 1},
		{Time: 9}, {Time: 10}, {Time: 10, Node: 0x9}, {Time: 10, Node: 0xa}, {Time: wire.MaxTime},
	}
	for i := 1; i < len(ordered); i++ {
		low := wire.AppendHeader(nil, wire.Header{Version: ordered[i-1]})
		high := wire.AppendHeader(nil, wire.Header{Version: ordered[i]})
		if ordered[i-1].Compare(ordered[i]) >= 0 || string(low[:37]) >= string(high[:37]) {
			t.Errorf("%q is not below %q", low, high)
		}
	}
}

// Whatever is not spelled as we spell it is somebody else's.
func TestParseHeader_RefusesEveryOtherByteInEveryPlace(t *testing.T) {
	good := wire.AppendHeader(nil, wire.Header{Version: version(), Kind: wire.KindValue})
	for i := range good {
		for c := range 256 {
			data := append([]byte(nil), good...)
			data[i] = byte(c)
			h, err := wire.ParseHeader(data)
			if err == nil && string(wire.AppendHeader(nil, h)) != string(data) {
				t.Fatalf("%q was taken for %+v", data, h)
			}
			if err != nil && (!errors.Is(err, wire.ErrForeign) || h != wire.Header{}) {
				t.Fatalf("%q gave %+v, %v", data, h, err)
			}
		}
	}
	for n := range good {
		if _, err := wire.ParseHeader(good[:n]); !errors.Is(err, wire.ErrForeign) {
			t.Errorf("%d bytes gave %v", n, err)
		}
	}
}

func TestKind_Names(t *testing.T) {
	for kind, want := range map[wire.Kind]string{'V': "value", 'F': "fill", 'T': "tombstone", 'x': "unknown"} {
		if got := kind.String(); got != want {
			t.Errorf("%q is %s, want %s", byte(kind), got, want)
		}
	}
}
