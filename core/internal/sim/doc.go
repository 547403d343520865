// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package sim runs several real stacks over one distributed layer and one
// backplane in virtual time, under faults, and checks what their readers see.
//
// A [Plan] is drawn from a seed: nodes, clocks, keys, options, and a timetable of
// faults. [Run] carries it out inside a testing/synctest bubble: clients ask and
// write at random, a store, a bus and a source of truth fail as planned, and a
// recorder notes every answer. The invariants are in files that begin with
// "check"; each function there is one of them.
//
// # The same seed gives the same run
//
// Virtual time stands still until every goroutine waits, so a run is the same
// each time if no two goroutines ever become ready at the same instant. Every
// delay is therefore a whole number of milliseconds and a lane: an offset below
// one millisecond that nobody else uses. Limits of the library are whole
// milliseconds too, so a timer that is set on a lane ends on it. Whoever is woken
// on the lane of somebody else goes back to its own before it does more. Each
// actor draws from a generator of its own. The hash of a trace adds up its events
// and does not depend on their order.
package sim
