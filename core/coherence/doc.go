// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package coherence keeps the levels of one node, and the nodes, in step.
//
//	Local     the one door to memory: who may store, and when
//	Shared    the one door to the distributed layer: frames, versions, time
//	Order     one write at a time per key, in the background if wanted
//	Notifier  tells the other nodes
//	Receiver  hears from them
//	Marks     the generations of tags and of the whole cache
//	Recovery  makes good the writes that failed
//	Writer    set, remove, expire through all of them
//
// and the stages of the read path that touch layers: [Memory], [Distributed] and
// [Commit].
//
// The rule that everything here serves: what was read before a write is not
// stored after it. A load takes a [core.Token] before it reads anything; every
// write, removal and message for its key revokes it, under the lock under which
// results are stored.
package coherence
