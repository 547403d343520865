// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package localbus is a backplane that lives in the process: the reference for
// the others, for tests, demonstrations and simulations of many nodes. A [Bus] is
// the server; every [Channel] taken from it is one node's connection to one
// channel.
//
// There is no goroutine: a subscription runs in the one that calls Subscribe, so
// a bus made in a testing/synctest bubble works in it. Publishers never wait for
// subscribers: each subscriber has a queue of its own, and one whose queue is
// full loses messages and is told so.
package localbus
