// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire_test

import (
	"encoding/binary"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// before reads bodies as releases did that know no flags.
func before(data []byte) error {
	if body := data[core.HeaderSize:]; body[0] != 1 || body[1] != 0 {
		return wire.ErrNewer
	}
	return nil
}

// A reader from before the extension takes a frame with it for newer: a miss, which
// it does not overwrite. It reads all others.
func TestSeed_DC19_OnlyAnExtensionIsNewerForReadersFromBefore(t *testing.T) {
	for _, s := range samples() {
		if s.record.Header.Kind == core.TombstoneWrite {
			continue
		}
		want := error(nil)
		if s.record.Meta.Extra != nil {
			want = wire.ErrNewer
		}
		if got := before(s.frame()); got != want {
			t.Errorf("%s: %v, want %v", s.name, got, want)
		}
	}
}

// What is about the memory of a node stays there.
func TestFrame_CarriesNothingOfANodesMemory(t *testing.T) {
	r := samples()[0].record
	r.Meta.Extra = &core.Extra{Idle: 1, Refresh: 2, Chance: true, Revalidate: 3}
	data := wire.AppendFrame(wire.V1{}, nil, r, []byte("v"))
	if err := before(data); err != nil {
		t.Errorf("there is an extension: %v", err)
	}
	f, err := wire.V1{}.Parse(r.Key, data, offset)
	if err != nil || f.Meta.Extra != nil {
		t.Errorf("read %+v, %v", f.Meta.Extra, err)
	}
}

func TestParse_RefusesAnExtensionThatCannotBe(t *testing.T) {
	for name, extension := range map[string]string{
		"none":          "\x00",
		"idle":          "\x01\x02\x02",
		"refresh":       "\x02\x02",
		"revalidate":    "\x08\x02\x02",
		"rescue 1969":   "\x08\x00\x01",
		"cut short":     "\x20\x05",
		"no extension":  "",
		"unknown grade": "\x40\x00\x09",
	} {
		data := append([]byte(nil), samples()[0].frame()[:core.HeaderSize]...)
		data = append(data, opening(1)+extension+"\x01\x02value"...)
		data = binary.BigEndian.AppendUint32(data, crc(samples()[0].record.Key, data[25:]))
		f, err := wire.V1{}.Parse(samples()[0].record.Key, data, offset)
		if err != wire.ErrCorrupt || f.Payload != nil {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}
