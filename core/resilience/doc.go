// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package resilience holds the policies of the read path. Each is one decorator,
// a [core.Stage], in one file, and works with or without the others:
//
//	FailSafe   answers a failure with a stale entry, then leaves the factory alone
//	Timeout    one caller's patience
//	Backoff    leaves a factory alone that has failed, with nothing stale to serve
//	Eager      refreshes what ends soon, behind its callers
//	Stampede   one load per key
//	NodeLock   one load per key of all nodes
//	Convoy     one call of the factory for many keys
//	Deadline   the factory's own budget
//	Origin     not a stage but the end of a chain: calls the factory
//
// The order in which package hybrid stacks them, and why, is in docs/pipeline.md.
// To compose a path of your own use [core.Chain], the outermost stage first.
package resilience
