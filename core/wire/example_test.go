// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire_test

import (
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// A value is written into one buffer, which the serializer appends to, and read
// by a node whose time line began an hour later.
func Example() {
	record := wire.Record{
		Key: "shop:orders:42",
		Header: core.Header{
			Version: core.Version{Time: 1_785_000_000_000, Node: 0xa1b2c3d4e5f6, Op: 7},
			Kind:    core.FillWrite,
		},
		Meta:   core.Meta{Stale: core.Instant(2 * time.Hour), Dead: core.Instant(3 * time.Hour)},
		Offset: 1_785_000_000 * time.Second,
	}
	var format wire.Format = wire.V1{}

	var buf []byte
	start := len(buf)
	buf = format.Begin(buf, record)
	buf = append(buf, "two boxes"...)
	buf = format.Finish(buf, start, record)
	fmt.Printf("%q\n", buf[:core.HeaderSize])

	frame, err := format.Parse("shop:orders:42", buf, record.Offset+time.Hour)
	fmt.Println(string(frame.Payload), time.Duration(frame.Meta.Stale), time.Duration(frame.Meta.Dead), err)

	_, err = format.Parse("shop:orders:43", buf, record.Offset)
	fmt.Println(err)
	// Output:
	// "H117850000000000000000000a1b2c3d4e5f6000000007F\n"
	// two boxes 1h0m0s 2h0m0s <nil>
	// corrupt data
}

func ExampleParseMessage() {
	node := wire.NodeID{0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6}
	data := wire.AppendMessage(nil, wire.Message{
		Kind:    wire.MessageRemove,
		Node:    node,
		Seq:     1,
		Version: core.Version{Time: 1_785_000_000_000, Node: node.Node(), Op: 7},
		Key:     "shop:orders:42",
	})
	m, err := wire.ParseMessage(data)
	fmt.Println(len(data), m.Kind, m.Key, err)

	_, err = wire.ParseMessage([]byte("hello"))
	fmt.Println(err)
	// Output:
	// 47 remove shop:orders:42 <nil>
	// corrupt data
}
