// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package wire holds the bytes that leave the process: the frame around a value
// in the distributed layer and the message on the backplane. It does no I/O and
// keeps no state; everything in it is safe for concurrent use.
//
// A [Format] lays out values; [V1] is ours. [AppendMessage] and [ParseMessage]
// are the message. Neither side trusts what it reads: no bytes make a parser
// panic, or allocate more than the metadata or the key needs.
//
// # Frame
//
// A value in the distributed layer is an ordering header and a body. All
// integers of more than one byte are big-endian, uvarint and varint are those of
// encoding/binary.
//
// The header is 48 bytes of ASCII, frozen for ever:
//
//	offset  size  field  content
//	0       2     magic  "H1"
//	2       13    l      Version.Time, ms since 1970, decimal
//	15      5     c      Version.Tick, decimal
//	20      5     s      Version.Bump, decimal; only the server raises it
//	25      12    node   Version.Node, 48 bits, lower-case hexadecimal
//	37      9     op     Version.Op, 36 bits, lower-case hexadecimal
//	46      1     kind   V explicit value, F fill, T tombstone
//	47      1     end    "\n"
//
// (l, c, s, node) orders writes; (node, op) identifies one. A tombstone ends
// here; what follows it is not looked at. For the other kinds the body follows:
//
//	size  field     content
//	1     version   1
//	1     flags     1: the extension is there; bits are reserved for compression
//	                and encryption
//	8     written   l * 2^17 + c, as the writer had them
//	...   extension see below, if flags say so
//	...   metadata  see below
//	...   payload   what the serializer made
//	4     checksum  CRC-32C of the full key, followed by the header from node on
//	                and the body up to here
//
// l, c and s are not under the checksum, so that the server may raise them without
// touching the body: until it has, s is 0 and l and c are as written; after that, they
// are not below. A value whose header says otherwise is damaged. Times in the metadata are nanoseconds since 1970:
//
//	size     field    content
//	1        present  1 stale, 2 born, 8 dead, 16 retry and cycles, 32 tags,
//	                  128 generations
//	varint   stale    end of the logical life; absent: never
//	varint   born     when the value was made, less stale; absent: unknown
//	varint   dead     end of the physical life, less stale; absent: equals stale
//	varint   retry    end of a throttle window, less stale
//	uvarint  cycles   throttle windows in a row; there if retry is
//	uvarint  tags     how many, 1 to 16; then each as uvarint length (to 256)
//	                  and bytes
//	...      generations  of everything, then of each tag, 16 bytes each; then a
//	                  uvarint, 0
//
// "Less stale" is less 0 where stale is absent; -2^63 there means never. A body
// of an unknown version, or with an unknown flag, is [ErrNewer].
//
// The extension is what only some values have; a body without it has flag 0, so that
// releases from before it read such bodies, and take the others for newer:
//
//	size     field       content
//	1        present     sum of 8 rescue, 16 took, 32 validators, 64 weight,
//	                     128 missing; not 0
//	varint   -           0
//	varint   rescue      end of fail-safe, where dead is later
//	uvarint  took        how long the factory took, in nanoseconds
//	uvarint  ETag        length, to 1024, and bytes; then as varint the time of
//	                     the last change, 0 if unknown
//	uvarint  weight      size; then one byte of priority: 0 normal, 1 low, 2 high
//
// With missing there is no value: the source has none.
//
// # Message
//
//	size     field     content
//	1        version   1
//	1        kind      bits 0 to 5 the kind; bit 6: there is no l to node;
//	                   bit 7: node is there, because it is not the sender's
//	16       sender    node ID; its first 6 bytes are the sender's node
//	uvarint  seq       number of the change at its sender; of kinds 4 and 9, of the
//	                   last change before
//	6        l         Version.Time, ms since 1970
//	uvarint  c         Version.Tick
//	uvarint  s         Version.Bump
//	uvarint  op        Version.Op
//	6        node      Version.Node
//	uvarint  length    of the key, 0 to 1536
//	...      key       key of the distributed layer, or a tag
//	...      value     of kind 10, the frame of the value; of kind 11, the parts; of
//	                   kind 12, the header of the write that had the same value, and
//	                   the frame without its payload; up to the checksum
//	4        checksum  CRC-32C of all before it
//
// The kinds are 1 set, 2 remove, 3 expire, 4 heartbeat, and reserved 5 tag
// removed, 6 tag expired, 7 cleared, 8 cleared softly; 9 goodbye; 10 push; 11 batch; 12 extend. Kinds 4, 7,
// 8, 9 and 11 have no key, the others must have one. Of a heartbeat, op counts heartbeats, and l
// is when it was sent, by a clock of the sender that is never set; it orders nothing.
// Frozen for ever are the place of the version, that 0 is none, and the checksum at the end; for all kinds of version 1 so is
// everything up to seq.
//
// The parts of a batch are 1 to [MaxParts] changes of kinds 1, 2, 3, 10 and 12, one
// behind the other: the kind and what follows it up to the key as in a message, without
// sender and seq; of kinds 10 and 12 then the length of the value, as uvarint, and the value.
//
// A message takes at most 40 bytes and its key while seq is below 2^21, c and s
// are below 128, the key is shorter than 128 bytes, and the write is the
// sender's own.
package wire
