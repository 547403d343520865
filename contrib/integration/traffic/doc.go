// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package traffic is what the tests of several nodes over real clients have in
// common: clients that call at random, a source of truth, faults that come and go,
// and rounds after which all nodes must agree. Package coherencetest judges the
// answers. What lies between the nodes is up to the test: servers in the same
// process and virtual time, or other processes and real time.
package traffic
