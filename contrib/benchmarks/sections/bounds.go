// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

// Bounds are what a run must hold where a budget is not reached. docs/performance.md
// argues for each of them under "Bounds".
const (
	boundHit        = 1.9 // by otter's loading Get
	boundHitOptions = 2.2
	boundTagged     = 1.5 // by the plain hit
	boundPlugins    = 1.4
	boundTheine     = 2.25
	boundSturdyc    = 1.75
	boundHitBytes   = 1.5 // by plain freecache and msgpack

	boundMiss                 = 4.5 // by get-load-set
	boundMissAllocations      = 5.1
	boundMissBytesAllocations = 6.1
	boundHardTimeout          = 2.5 // by the same limit on the bare store
	boundPolicies             = 4   // by sturdyc

	boundStampede                 = 1.6 // by a closed channel
	boundStampedeAllocations      = 0.5
	boundStampedeBytes            = 2.5
	boundStampedeBytesAllocations = 1.3

	boundRead1           = 1.65 // by go-redis and decoding; for so many goroutines
	boundRead64          = 0.9
	boundRead256         = 0.85
	boundReadAllocations = 20.1
	boundSet1            = 2.7 // by a script that only stores and publishes
	boundSet64           = 2
	boundMany            = 4.5 // by MGET and decoding

	boundPropagation = 1.7 // p50, by a bare message
	boundLate        = 3   // p99
	boundBytes       = 172
	boundObjectBytes = 255
	boundCollector   = 2.5 // by otter's
	boundClearFlat   = 5
	boundGrowth      = 1.4
	boundGrowthQuick = 1.7 // to 100,000 keys, where the entries are the first to be too many for a processor's cache
)
