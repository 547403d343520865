// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package layer has wrappers of a [core.DistributedLayer], each of which is a
// distributed layer again: [Prefix] sets keys apart, [Deadline] makes a layer
// keep its deadlines, [Observe] tells listeners of failures, [Around] puts anything
// around its calls, [Compress] and [Encrypt] change what is stored.
//
// A wrapper has the abilities of the layer in it, no more and no fewer: it
// forwards [core.Pinger], [core.Arbiter], [core.BatchReader], [core.BatchArbiter] and
// [core.BatchHeaderReader] if the layer has them. Abilities that this package does not
// know are hidden, because they would pass the wrapper by.
//
// [ByPriority] makes one [core.MemoryLayer] of several.
//
// Wrappers compose from the inside out. What makes failures belongs inside of
// what counts them: a circuit breaker around a Deadline around the layer.
package layer
