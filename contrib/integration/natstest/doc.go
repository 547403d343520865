// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package natstest runs NATS servers inside the test process: a single one, or
// a cluster of three, each with JetStream and a store of its own. They listen
// on free ports of the loopback interface, need no installation, and can be
// shut down and started again on the same port and store.
//
// The servers do not work inside a synctest bubble.
package natstest
