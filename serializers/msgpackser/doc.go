// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package msgpackser encodes values as MessagePack, with
// github.com/vmihailenco/msgpack/v5 behind a guard that makes it safe to read
// what others may have written.
//
// # Hostile bytes
//
// The vendor's decoder believes what lengths say: five bytes can end the
// process, and so can a megabyte of nesting. Unmarshal therefore first walks the
// bytes without decoding them, alongside the type of the target. It refuses what
// is truncated, followed by more bytes, too large, nested too deep, or would
// decode to far more memory than it has bytes, and integers that the target's
// type cannot hold, which the vendor would cut silently. Panics of the decoder
// become errors. See [Options] for the limits. What a method of the target, such
// as DecodeMsgpack, allocates is its own business; it sees checked bytes.
//
// Marshal checks what it made in the same way: bytes that it returns are bytes
// that Unmarshal accepts.
//
// # Values
//
// Structs are maps of field names, or of the names in msgpack tags, so that
// fields may be added, removed and reordered. Nil and empty slices and maps stay
// different, but a nil pointer to an embedded struct may come back as a pointer to
// a zero one. A nil where a [time.Time] is expected is an error. A [time.Time] keeps its instant but neither its location nor its
// monotonic reading; the zero time stays zero. In an empty interface an integer
// comes back as the smallest type that holds it, a struct as map[string]any, a
// slice as []any. Methods EncodeMsgpack and DecodeMsgpack, MarshalMsgpack and
// UnmarshalMsgpack, and those of package encoding for binary and text, are used.
//
// Not supported, and refused with an error that names type and field: two fields of
// one name, as when a field shadows one of a struct that is embedded before it
// (embed that with the tag option noinline); what is embedded and not exported,
// unless it is a plain struct; interfaces with methods, but for error, which keeps
// its text; types with a method to encode themselves and none to decode
// themselves; the tag option intern; tags with quotes, backslashes or brackets;
// types that embed themselves. Nor are maps without string keys in an empty
// interface, and extensions other than the timestamp.
//
// The tag option inline leaves out the fields that an earlier one shadows. An
// embedded pointer to a struct costs one goroutine per type, which the vendor never
// ends; embed the struct.
package msgpackser
