// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package locallock is a node lock within one process: for several stacks that
// share an in-process distributed layer, and for tests. It works in a synctest
// bubble.
//
//	locks := locallock.New()
//	stack, err := hybrid.New(hybrid.Options{..., Locker: locks})
package locallock
