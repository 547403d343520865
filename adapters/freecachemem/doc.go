// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package freecachemem is a memory layer of bytes on freecache: a fixed amount
// of memory that the garbage collector does not look into, for caches of about
// a hundred thousand entries and more. A hit costs two to three times that of a
// layer of objects.
//
// # Memory
//
// The whole size is taken at once, although the system provides its pages only
// as they are used. Two things lie outside of it:
//
//   - The index: 16 bytes for each place in it, of which a quarter or so are in
//     use; measured 35 to 130 bytes per entry. It never shrinks but by Clear.
//   - What entries have in common: see below.
//   - What the collector adds on top of a large live heap. Set GOMEMLIMIT; this
//     package never touches the collector's settings.
//
// An entry takes its key, its binary form and 37 bytes at most. What many have in
// common is kept once for all of them: the start of the key up to the first colon,
// which names the view, and some 20 bytes of the binary form. There are up to 1023 such
// kinds, which are never forgotten, since freecache does not tell what it drops; ExpireAll
// makes one more of each view. What comes when there is no room for another kind takes
// those bytes for each entry. The largest entry is about 1/1024 of the size: see
// [Memory.MaxEntry].
//
// # What it does differently from freecache itself
//
//   - There is no time to live. Entries carry their instants to the nanosecond
//     and the stack judges them, a stale one being needed for fail-safe;
//     freecache cuts at whole seconds of the wall clock. What is dead makes room
//     as what is old does.
//   - A Set that fails leaves nothing behind. freecache keeps the old value.
//   - Recency is counted in bytes written, not in seconds, so that it tells apart
//     what happens within one second, costs no reading of a clock, and does not
//     mind when that is set back.
//   - Keys are hashed with a random seed, so that nobody can choose many that
//     meet in one place of the index. The full key is kept and compared: two keys
//     of the same hash displace each other, and are never taken for one another.
//   - The space of a value that has shrunk to less than half is given back, and
//     one that has grown takes an eighth more than it needs, not twice. In both
//     cases, reads at that very moment may miss.
package freecachemem
