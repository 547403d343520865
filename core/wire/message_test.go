// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire_test

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// sealed returns body as a message: with the checksum behind it.
func sealed(body []byte) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(nil), body...), crc("", body))
}

func TestNodeID_ItsFirstSixBytesAreTheNodeOfVersions(t *testing.T) {
	if got := sender.Node(); got != 0xa1b2c3d4e5f6 {
		t.Errorf("node is %x", got)
	}
}

func TestMessage_GivesBackWhatWasSent(t *testing.T) {
	for name, want := range messages() {
		data := wire.AppendMessage([]byte("before"), want)
		got, err := wire.ParseMessage(data[len("before"):])
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, want)
		}
	}
}

func TestSeed_DC4_MessageTakes40BytesAndTheKey(t *testing.T) {
	for _, key := range []string{"k", "orders:42", strings.Repeat("k", 127)} {
		m := wire.Message{
			Kind: wire.MessageRemove, Node: sender, Seq: 1<<21 - 1, Key: key,
			Version: core.Version{Time: core.MaxTime, Tick: 127, Bump: 127, Node: sender.Node(), Op: core.MaxOp},
		}
		if n := len(wire.AppendMessage(nil, m)) - len(key); n > 40 {
			t.Errorf("%d bytes and a key of %d", n, len(key))
		}
	}
	if n := len(wire.AppendMessage(nil, wire.Message{Kind: wire.MessageHeartbeat, Node: sender, Seq: 1<<21 - 1})); n > 40 {
		t.Errorf("a heartbeat takes %d bytes", n)
	}
}

// Messages carry the time of the write, from which the lag can be measured.
func TestSeed_DC5_MessageCarriesItsTime(t *testing.T) {
	got, err := wire.ParseMessage(wire.AppendMessage(nil, messages()["set"]))
	if err != nil || got.Version.Time != version().Time {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSeed_DC8_RefusesForeignMessages(t *testing.T) {
	good := wire.AppendMessage(nil, messages()["set"])
	body := good[:len(good)-4]
	edited := func(at int, b byte) []byte {
		data := append([]byte(nil), body...)
		data[at] = b
		return sealed(data)
	}
	long := messages()["set"]
	long.Key = strings.Repeat("k", wire.MaxMessageKey+1)
	keyless, keyed := messages()["set"], messages()["heartbeat"]
	keyless.Key, keyed.Key = "", "k"
	unfit := append(append([]byte{1, 1}, sender[:]...), 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 'k')
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, wire.ErrCorrupt},
		{"a checksum only", sealed(nil), wire.ErrCorrupt},
		{"text", []byte("hello"), wire.ErrCorrupt},
		{"JSON", []byte(`{"node_id":"7","key":"orders:42"}`), wire.ErrCorrupt},
		{"invalid UTF-8", []byte("\xff\xfe\xc3\x28\x80\x01\x02\x03"), wire.ErrCorrupt},
		{"1 MiB", make([]byte, 1<<20), wire.ErrCorrupt},
		{"1 MiB with a checksum", sealed(make([]byte, 1<<20)), wire.ErrCorrupt},
		{"a byte too much", append(good[:len(good):len(good)], 0), wire.ErrCorrupt},
		{"a byte too much under the checksum", sealed(append(body[:len(body):len(body)], 0)), wire.ErrCorrupt},
		{"version 0", edited(0, 0), wire.ErrCorrupt},
		{"version 2", edited(0, 2), wire.ErrNewer},
		{"kind 0", edited(1, 0), wire.ErrUnknownKind},
		{"kind 13", edited(1, 13), wire.ErrUnknownKind},
		{"a push without a value", edited(1, 10), wire.ErrCorrupt},
		{"kind 63 with flags", edited(1, 0xff), wire.ErrUnknownKind},
		{"both flags", edited(1, 0xc1), wire.ErrCorrupt},
		{"no kind", sealed([]byte{1}), wire.ErrCorrupt},
		{"unknown kind without a sender", sealed([]byte{1, 13}), wire.ErrCorrupt},
		{"a time that fits no header", sealed(unfit), wire.ErrCorrupt},
		{"a key too long", wire.AppendMessage(nil, long), wire.ErrCorrupt},
		{"a set without a key", wire.AppendMessage(nil, keyless), wire.ErrCorrupt},
		{"a heartbeat with a key", wire.AppendMessage(nil, keyed), wire.ErrCorrupt},
	}
	for _, test := range tests {
		if got, err := wire.ParseMessage(test.data); err != test.want || got.Key != "" {
			t.Errorf("%s: got %+v, %v; want %v", test.name, got, err, test.want)
		}
	}
	for n := range good {
		if _, err := wire.ParseMessage(good[:n]); err != wire.ErrCorrupt {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestParseMessage_AnUnknownKindLeavesNoGap(t *testing.T) {
	body := append([]byte{1, 40}, sender[:]...)
	got, err := wire.ParseMessage(sealed(append(body, 5, 'w', 'h', 'a', 't')))
	if !errors.Is(err, wire.ErrUnknownKind) || got.Node != sender || got.Seq != 5 || got.Kind != 40 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAppendMessage_AnUnknownKindPassesForNoOther(t *testing.T) {
	for kind := range 256 {
		m := messages()["set"]
		m.Kind = wire.MessageKind(kind)
		_, err := wire.ParseMessage(wire.AppendMessage(nil, m))
		if known := m.Kind.String() != "unknown"; !known && err != wire.ErrUnknownKind {
			t.Errorf("kind %d: %v", kind, err)
		}
	}
}

func TestAppendMessage_MakesTheVersionFit(t *testing.T) {
	m := messages()["set"]
	m.Version = core.Version{Time: -1, Tick: 1 << 31, Bump: 1 << 31, Node: 1 << 60, Op: 1 << 40}
	got, err := wire.ParseMessage(wire.AppendMessage(nil, m))
	if err != nil || got.Version != core.Fit(m.Version) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseMessage_KeyDoesNotAliasData(t *testing.T) {
	data := wire.AppendMessage(nil, messages()["set"])
	got, err := wire.ParseMessage(data)
	clear(data)
	if err != nil || got.Key != messages()["set"].Key {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseMessage_RefusesBitFlips(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for name, want := range messages() {
		for range 10_000 {
			data := wire.AppendMessage(nil, want)
			for range 1 + rng.IntN(8) {
				bit := rng.IntN(len(data) * 8)
				data[bit/8] ^= 1 << (bit % 8)
			}
			if got, err := wire.ParseMessage(data); err == nil && got != want {
				t.Fatalf("seed %d: %s: %q was taken for %+v", seed, name, data, got)
			}
		}
	}
}
