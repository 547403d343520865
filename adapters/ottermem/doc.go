// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package ottermem is a memory layer of live objects on otter v2, bounded by
// the number of entries or by a weight of your choice. A hit allocates nothing
// and decodes nothing, but all readers share one value, which none may change;
// and the garbage collector looks into every entry, which is felt from about a
// hundred thousand on (see package freecachemem).
//
// # What it does differently from otter itself
//
//   - There is no time to live: entries carry their instants and the stack judges
//     them, a stale one being needed for fail-safe. So a hit reads no clock, and
//     there is no goroutine that removes what has expired: what is dead makes room
//     as what is old does. A stale entry counts once, like any other.
//   - A write makes room at once, on its own goroutine. In a layer of up to
//     [DefaultMaxEntries] every read counts for the policy. In a larger one, and
//     in one that weighs, a goroutine notes as many reads as it can: it is started
//     by one read in a few dozen, never more than one, for some microseconds. So
//     nothing needs closing, and nothing outlives a testing/synctest bubble.
//   - A new entry is there when Set returns, though otter's policy, W-TinyLFU
//     (Einziger, Friedman and Manes, 2017), would turn away one that is heavy and
//     not known to be popular.
//   - An entry heavier than the whole layer is refused, not dropped without a
//     word; and none weighs less than 1, since otter never evicts what weighs
//     nothing.
package ottermem
