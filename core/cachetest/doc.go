// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package cachetest is a kit for tests of code that uses a cache: parts in memory
// that fail and are slow on command, a plugin that notes events, and factories
// with a script. Nothing in it does I/O, so all of it works in a synctest bubble,
// where waiting takes no time.
//
//	func TestPrices(t *testing.T) {
//		world := cachetest.NewWorld()
//		a, b := world.Open(t, nil), world.Open(t, nil) // two nodes
//		...
//		world.Server.Fail(errors.New("down"))
//	}
//
// To switch caching off instead, see hybrid.NewNull.
package cachetest
