// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package jsonser encodes values as JSON, with the standard library's
// encoding/json behind limits. Use it where other programs read the cache, or
// for values that people look at; package msgpackser is smaller and faster.
//
// # Hostile bytes
//
// Unmarshal refuses what is not exactly one JSON value, what is larger or nested
// deeper than [Options] allow, and what could decode to far more memory than it
// has bytes. Panics of methods of the value's type become errors. Marshal
// refuses what Unmarshal would.
//
// # Values
//
// The rules are those of encoding/json, with two consequences for a cache: in an
// empty interface every number comes back as float64, and strings that are not
// valid UTF-8 are changed; use []byte for them. NaN and infinities are errors. A
// [time.Time] keeps its instant and offset, without its monotonic reading.
package jsonser
