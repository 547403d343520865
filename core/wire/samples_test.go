// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire_test

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// offset puts Instant zero in July 2026, far enough from a whole millisecond to
// show lost digits.
const offset = time.Duration(1_785_000_000_123_456_789)

// sender is the node that the tests write and send as.
var sender = wire.NodeID{0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

// version is a version of the sender's.
func version() core.Version {
	return core.Version{Time: 1_785_000_000_123, Tick: 7, Bump: 3, Node: sender.Node(), Op: 0x1234}
}

// sample is a frame to be written, with its payload.
type sample struct {
	name    string
	record  wire.Record
	payload string
}

// samples returns one frame of each shape.
func samples() []sample {
	const minute = core.Instant(time.Minute)
	record := func(kind core.WriteKind, m core.Meta) wire.Record {
		return wire.Record{Key: "v1:orders:42", Header: core.Header{Version: version(), Kind: kind}, Meta: m, Offset: offset}
	}
	return []sample{
		{"plain", record(core.FillWrite, core.Meta{Born: 1_000, Stale: minute, Dead: minute}), "a value"},
		{"fail-safe", record(core.ValueWrite, core.Meta{
			Born: -5, Stale: minute, Dead: 60 * minute, Retry: minute + 30, Cycles: 300,
		}), "a value that may stand in"},
		{"tombstone", record(core.TombstoneWrite, core.Meta{}), ""},
		{"never-expiring", record(core.ValueWrite, core.Meta{Born: 7, Stale: core.Never, Dead: core.Never}), "a value for ever"},
		{"never-dead", record(core.ValueWrite, core.Meta{Born: 7, Stale: minute, Dead: core.Never}), "a value kept for ever"},
		{"tags", record(core.FillWrite, core.Meta{
			Born: 7, Stale: minute, Dead: minute, Stamp: &core.Stamp{Tags: []string{"orders", "customer:7", ""}},
		}), "a value in groups"},
		{"validators", record(core.FillWrite, core.Meta{
			Born: 7, Stale: minute, Dead: 60 * minute, Stamp: &core.Stamp{Tags: []string{"orders"}},
			Extra: &core.Extra{Rescue: 2 * minute, Took: time.Second, ETag: `W/"42"`, LastModified: 1_785_000_000_000_000_000, Size: 9, Priority: core.HighPriority},
		}), "a value that its source can be asked about"},
		{"negative", record(core.FillWrite, core.Meta{Born: 7, Stale: minute, Dead: minute, Extra: &core.Extra{Missing: core.ErrNotFound}}), ""},
		{"empty", record(core.FillWrite, core.Meta{Stale: minute, Dead: minute}), ""},
	}
}

// frame returns the bytes of s.
func (s sample) frame() []byte { return wire.AppendFrame(wire.V1{}, nil, s.record, []byte(s.payload)) }

// opening returns how a body begins, with these flags.
func opening(flags byte) string {
	written := uint64(version().Time)<<17 | uint64(version().Tick)
	return string(binary.BigEndian.AppendUint64([]byte{1, flags}, written))
}

// messages returns one message of each kind, by name.
func messages() map[string]wire.Message {
	other := version()
	other.Node = 0x00ff00ff00ff
	highest := core.Version{Time: core.MaxTime, Tick: core.MaxTick, Bump: core.MaxTick, Node: core.MaxNode, Op: core.MaxOp}
	var parts []byte
	for _, m := range batch() {
		parts = wire.AppendPart(parts, m)
	}
	return map[string]wire.Message{
		"batch":        {Kind: wire.MessageBatch, Node: sender, Seq: 8, Value: string(parts)},
		"set":          {Kind: wire.MessageSet, Node: sender, Seq: 1, Version: version(), Key: "orders:42"},
		"remove":       {Kind: wire.MessageRemove, Node: sender, Seq: 200, Version: other, Key: "orders:42"},
		"expire":       {Kind: wire.MessageExpire, Node: sender, Seq: math.MaxUint64, Version: highest, Key: "\x00\xff"},
		"heartbeat":    {Kind: wire.MessageHeartbeat, Node: sender, Seq: 1 << 20},
		"tag-removed":  {Kind: wire.MessageTagRemoved, Node: sender, Seq: 3, Version: version(), Key: "tag"},
		"tag-expired":  {Kind: wire.MessageTagExpired, Node: sender, Seq: 4, Version: version(), Key: "tag"},
		"cleared":      {Kind: wire.MessageCleared, Node: sender, Seq: 5, Version: version()},
		"push":         {Kind: wire.MessagePush, Node: sender, Seq: 7, Version: version(), Key: "orders:42", Value: "a frame"},
		"extend":       {Kind: wire.MessageExtend, Node: sender, Seq: 9, Version: version(), Key: "orders:42", Value: "a header and a frame"},
		"cleared-soft": {Kind: wire.MessageClearedSoft, Node: sender, Seq: 6, Version: version()},
	}
}

// batch returns the parts of the batch, with its number.
func batch() []wire.Message {
	other := version()
	other.Node = 0x00ff00ff00ff
	return []wire.Message{
		{Kind: wire.MessageSet, Node: sender, Seq: 8, Version: version(), Key: "orders:42"},
		{Kind: wire.MessageRemove, Node: sender, Seq: 8, Version: other, Key: "orders:43"},
		{Kind: wire.MessagePush, Node: sender, Seq: 8, Version: version(), Key: "orders:44", Value: "a frame"},
		{Kind: wire.MessageExpire, Node: sender, Seq: 8, Key: "\x00\xff"},
	}
}

// crc is the checksum of the formats, computed the straight way.
func crc(key string, body []byte) uint32 {
	return crc32.Checksum(append([]byte(key), body...), crc32.MakeTable(crc32.Castagnoli))
}
