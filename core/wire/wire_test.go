// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire_test

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

const offset = time.Duration(1_785_000_000_123_456_789)

var node = wire.NodeID{0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

func version() core.Version {
	return core.Version{Time: 1_785_000_000_123, Tick: 7, Bump: 3, Node: node.Node(), Op: 0x1234}
}

func TestHeader_Is48BytesAsTheScriptReadsThem(t *testing.T) {
	got := wire.AppendHeader(nil, wire.Header{Version: version(), Kind: wire.KindFill})
	const want = "H1" + "1785000000123" + "00007" + "00003" + "a1b2c3d4e5f6" + "000001234" + "F" + "\n"
	if string(got) != want || len(got) != wire.HeaderSize {
		t.Errorf("header is %q, want %q", got, want)
	}
	h, err := wire.ParseHeader(append(got, "body"...))
	if err != nil || h.Version != version() || h.Kind != wire.KindFill {
		t.Errorf("parsed as %+v, %v", h, err)
	}
}

func TestFrame_GivesBackWhatWasWritten(t *testing.T) {
	r := wire.Record{
		Key:    "k",
		Header: wire.Header{Version: version(), Kind: wire.KindValue},
		Meta: core.Meta{Born: 5, Checked: 9, Stale: core.Instant(time.Minute), Dead: core.Instant(time.Hour), Retry: 77,
			Cycles: 2, Tags: []string{"a", "b"}},
		Offset: offset,
	}
	data := wire.AppendFrame(wire.V1{}, nil, r, []byte("payload"))
	f, err := wire.V1{}.Parse("k", data, offset)
	if err != nil {
		t.Fatal(err)
	}
	want := r.Meta
	want.Checked, want.Version = 0, version()
	if !reflect.DeepEqual(f.Meta, want) || !bytes.Equal(f.Payload, []byte("payload")) || f.Header != r.Header {
		t.Errorf("got %+v", f)
	}
}

func TestMessage_GivesBackWhatWasSent(t *testing.T) {
	want := wire.Message{Kind: wire.MessageSet, Node: node, Seq: 300, Version: version(), Key: "key"}
	data := wire.AppendMessage(nil, want)
	got, err := wire.ParseMessage(data)
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}
