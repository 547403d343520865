// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package localdist is a distributed layer that lives in the process: the
// reference for the others, for tests, demonstrations and programs of a single
// process. Stacks that share one [Store] share their entries, as nodes share a
// server.
//
// Time is the process's own, so a store made in a testing/synctest bubble runs
// on the bubble's time. There is no goroutine: what has expired is invisible at
// once, and its memory is reused by later writes.
package localdist
