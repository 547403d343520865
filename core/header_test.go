// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"math"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestHeader_Is48BytesAsTheScriptReadsThem(t *testing.T) {
	got := core.AppendHeader([]byte("before"), core.Header{Version: version(), Kind: core.FillWrite})
	const want = "H1" + "1785000000123" + "00007" + "00003" + "a1b2c3d4e5f6" + "000001234" + "F" + "\n"
	if string(got) != "before"+want || len(want) != core.HeaderSize {
		t.Errorf("header is %q, want %q", got, want)
	}
	h, err := core.ParseHeader([]byte(want + "body"))
	if err != nil || h.Version != version() || h.Kind != core.FillWrite {
		t.Errorf("parsed as %+v, %v", h, err)
	}
}

func TestAppendHeader_MakesWhatDoesNotFitFit(t *testing.T) {
	all := core.Version{Time: math.MaxInt64, Tick: math.MaxUint32, Bump: math.MaxUint32, Node: math.MaxUint64, Op: math.MaxUint64}
	tests := []struct {
		name string
		in   core.Header
		want string
	}{
		{"zero", core.Header{}, "H1" + strings.Repeat("0", 44) + "V\n"},
		{"negative time", core.Header{Version: core.Version{Time: -1}, Kind: core.TombstoneWrite}, "H1" + strings.Repeat("0", 44) + "T\n"},
		{"too much", core.Header{Version: all, Kind: 'X'}, "H1" + strings.Repeat("9", 23) + strings.Repeat("f", 21) + "V\n"},
	}
	for _, test := range tests {
		got := core.AppendHeader(nil, test.in)
		if string(got) != test.want {
			t.Errorf("%s: header is %q, want %q", test.name, got, test.want)
		}
		h, err := core.ParseHeader(got)
		if err != nil || h.Version != core.Fit(test.in.Version) {
			t.Errorf("%s: parsed as %+v, %v; core.Fit says %+v", test.name, h, err, core.Fit(test.in.Version))
		}
	}
}

func TestFit_KeepsWhatFits(t *testing.T) {
	highest := core.Version{Time: core.MaxTime, Tick: core.MaxTick, Bump: core.MaxTick, Node: core.MaxNode, Op: core.MaxOp}
	for _, v := range []core.Version{{}, version(), highest} {
		if got := core.Fit(v); got != v {
			t.Errorf("Fit(%+v) is %+v", v, got)
		}
	}
}

func TestHeader_TextHasTheOrderOfVersions(t *testing.T) {
	ordered := []core.Version{
		{}, {Node: 1}, {Bump: 1}, {Bump: core.MaxTick, Node: core.MaxNode}, {Tick: 1}, {Tick: core.MaxTick}, {Time: 1},
		{Time: 9}, {Time: 10}, {Time: 10, Node: 0x9}, {Time: 10, Node: 0xa}, {Time: core.MaxTime},
	}
	for i := 1; i < len(ordered); i++ {
		low := core.AppendHeader(nil, core.Header{Version: ordered[i-1]})
		high := core.AppendHeader(nil, core.Header{Version: ordered[i]})
		if ordered[i-1].Compare(ordered[i]) >= 0 || string(low[:37]) >= string(high[:37]) {
			t.Errorf("%q is not below %q", low, high)
		}
	}
}

// Whatever is not spelled as we spell it is somebody else's.
func TestParseHeader_RefusesEveryOtherByteInEveryPlace(t *testing.T) {
	good := core.AppendHeader(nil, core.Header{Version: version(), Kind: core.ValueWrite})
	for i := range good {
		for c := range 256 {
			data := append([]byte(nil), good...)
			data[i] = byte(c)
			h, err := core.ParseHeader(data)
			if err == nil && string(core.AppendHeader(nil, h)) != string(data) {
				t.Fatalf("%q was taken for %+v", data, h)
			}
			if err != nil && h != (core.Header{}) {
				t.Fatalf("%q gave %+v, %v", data, h, err)
			}
		}
	}
	for n := range good {
		if _, err := core.ParseHeader(good[:n]); err == nil {
			t.Errorf("%d bytes gave %v", n, err)
		}
	}
}

func TestKind_Names(t *testing.T) {
	for kind, want := range map[core.WriteKind]string{'V': "value", 'F': "fill", 'T': "tombstone", 'x': "unknown"} {
		if got := kind.String(); got != want {
			t.Errorf("%q is %s, want %s", byte(kind), got, want)
		}
	}
}

func version() core.Version {
	return core.Version{Time: 1_785_000_000_123, Tick: 7, Bump: 3, Node: 0xa1b2c3d4e5f6, Op: 0x1234}
}
