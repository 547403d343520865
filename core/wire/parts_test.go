// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/wire"
)

// batchOf is a batch with this value, read from its binary form.
func batchOf(value []byte) (wire.Message, error) {
	m := wire.Message{Kind: wire.MessageBatch, Node: sender, Seq: 8, Value: string(value)}
	return wire.ParseMessage(wire.AppendMessage(nil, m))
}

func TestParts_GiveBackWhatWasPutTogether(t *testing.T) {
	m, err := wire.ParseMessage(wire.AppendMessage(nil, messages()["batch"]))
	if got := slices.Collect(m.Parts()); err != nil || !slices.Equal(got, batch()) {
		t.Errorf("got %+v, %v", got, err)
	}
	for range m.Parts() {
		break // one that stops early is not asked again
	}
	alone := messages()["remove"]
	if got := slices.Collect(alone.Parts()); len(got) != 1 || got[0] != alone {
		t.Errorf("a message of one change has the parts %+v", got)
	}
}

func TestParts_AsManyAsTheLimitAllows(t *testing.T) {
	var value []byte
	for range wire.MaxParts {
		value = wire.AppendPart(value, wire.Message{Kind: wire.MessageRemove, Node: sender, Version: version(), Key: "k"})
	}
	if m, err := batchOf(value); err != nil || len(slices.Collect(m.Parts())) != wire.MaxParts {
		t.Errorf("%d parts, %v", len(slices.Collect(m.Parts())), err)
	}
	value = wire.AppendPart(value, wire.Message{Kind: wire.MessageRemove, Node: sender, Key: "k"})
	if _, err := batchOf(value); err != wire.ErrCorrupt {
		t.Errorf("one part more: %v", err)
	}
}

func TestSeed_DC8_RefusesForeignBatches(t *testing.T) {
	good := wire.AppendPart(nil, batch()[0])
	part := func(m wire.Message) []byte {
		m.Node = sender
		return append(slices.Clone(good), wire.AppendPart(nil, m)...)
	}
	tests := map[string][]byte{
		"no parts":               nil,
		"a byte too much":        append(slices.Clone(good), 0),
		"a byte less":            good[:len(good)-1],
		"a part without a key":   part(wire.Message{Kind: wire.MessageSet}),
		"a key too long":         part(wire.Message{Kind: wire.MessageSet, Key: strings.Repeat("k", wire.MaxMessageKey+1)}),
		"a push without a value": part(wire.Message{Kind: wire.MessagePush, Key: "k"}),
		"both flags":             append(slices.Clone(good), 0xc1, 1, 'k'),
		"a key that never ends":  append(slices.Clone(good), 0x41, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 'k'),
	}
	for kind := wire.MessageKind(0); kind < 64; kind++ {
		switch kind {
		case wire.MessageSet, wire.MessageRemove, wire.MessageExpire, wire.MessagePush, wire.MessageExtend:
		default:
			tests[kind.String()] = part(wire.Message{Kind: kind, Key: "k", Value: string(good)})
		}
	}
	for name, value := range tests {
		if m, err := batchOf(value); err != wire.ErrCorrupt {
			t.Errorf("%s: got %+v, %v", name, m, err)
		}
		m := wire.Message{Kind: wire.MessageBatch, Node: sender, Value: string(value)}
		if n := len(slices.Collect(m.Parts())); n > 1 {
			t.Errorf("%s: %d parts", name, n)
		}
	}
	keyed := messages()["batch"]
	keyed.Key = "k"
	if _, err := wire.ParseMessage(wire.AppendMessage(nil, keyed)); err != wire.ErrCorrupt {
		t.Errorf("a batch with a key: %v", err)
	}
}

// FuzzParts tries the data as the value of a batch.
func FuzzParts(f *testing.F) {
	f.Add([]byte(messages()["batch"].Value))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := batchOf(data)
		if err != nil {
			return
		}
		checkAllocated(t, data, func() {
			for range m.Parts() {
			}
		})
		var again []byte
		want := slices.Collect(m.Parts())
		for _, p := range want {
			again = wire.AppendPart(again, p)
		}
		m, err = batchOf(again)
		if got := slices.Collect(m.Parts()); err != nil || len(got) == 0 || len(got) > wire.MaxParts || !slices.Equal(got, want) {
			t.Errorf("%+v became %+v, %v", want, got, err)
		}
	})
}
