// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

// As finds the ability A in a layer, or in what it wraps: a wrapper that can be
// skipped without harm has a method Unwrap() that returns the wrapped layer. A
// wrapper that changes meaning, as a prefix or encryption does, must not have
// one; it implements the ability itself or hides it.
//
// A stack looks for abilities once, when it is constructed.
func As[A any](layer any) (A, bool) {
	for layer != nil {
		if a, ok := layer.(A); ok {
			return a, true
		}
		switch w := layer.(type) {
		case interface{ Unwrap() MemoryLayer }:
			layer = w.Unwrap()
		case interface{ Unwrap() DistributedLayer }:
			layer = w.Unwrap()
		case interface{ Unwrap() Backplane }:
			layer = w.Unwrap()
		default:
			layer = nil
		}
	}
	var none A
	return none, false
}
