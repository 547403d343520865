// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package stats

import (
	"math/bits"

	"github.com/fusioncache-go/fusioncache/core"
)

// levels is the number of levels of a stack, and one for "none".
const levels = int(core.LevelLock) + 1

// row names the counter of a kind of event, and the levels for which it has a
// further counter of its own.
type row struct {
	kind core.Kind
	name string
	at   []core.Level
}

// rows are in the order of the kinds' bits.
var rows = [...]row{
	{core.Hit, "hit", []core.Level{core.LevelMemory, core.LevelDistributed}},
	{core.StaleHit, "stale_hit", nil},
	{core.Miss, "miss", nil},
	{core.Written, "written", nil},
	{core.Removed, "removed", nil},
	{core.Expired, "expired", nil},
	{core.FactorySucceeded, "factory_succeeded", nil},
	{core.FactoryFailed, "factory_failed", nil},
	{core.FactoryTimedOut, "factory_timed_out", nil},
	{core.BackgroundSucceeded, "background_succeeded", nil},
	{core.BackgroundFailed, "background_failed", nil},
	{core.FailSafeActivated, "fail_safe_activated", nil},
	{core.Fenced, "fenced", nil},
	{core.LayerFailed, "layer_failed", []core.Level{core.LevelDistributed, core.LevelBackplane, core.LevelLock}},
	{core.DecodeFailed, "decode_failed", []core.Level{core.LevelMemory, core.LevelDistributed}},
	{core.Foreign, "foreign", nil},
	{core.MemoryRefused, "memory_refused", nil},
	{core.Joined, "joined", nil},
	{core.GapSuspected, "gap_suspected", nil},
	{core.MessageReceived, "message_received", nil},
	{core.MessageRejected, "message_rejected", nil},
	{core.BreakerChanged, "breaker_changed", []core.Level{core.LevelDistributed, core.LevelBackplane}},
	{core.PluginPanicked, "plugin_panicked", nil},
	{core.Advice, "advice", nil},
	{core.RefreshStarted, "refresh_started", nil},
	{core.LockWaited, "lock_waited", nil},
	{core.Revalidated, "revalidated", nil},
	{core.Replayed, "replayed", nil},
	{core.ReplayDropped, "replay_dropped", nil},
	{core.RecoveryOverflowed, "recovery_overflowed", nil},
	{core.TagInvalidated, "tag_invalidated", nil},
	{core.Cleared, "cleared", nil},
	{core.MessageSent, "message_sent", nil},
	{core.LayerHit, "layer_hit", nil},
	{core.LayerMiss, "layer_miss", nil},
	{core.LayerWritten, "layer_written", nil},
	{core.LayerRemoved, "layer_removed", nil},
	{core.Evicted, "evicted", nil},
	{core.MemoryMissed, "memory_missed", nil},
	{core.MemoryWritten, "memory_written", nil},
	{core.MemoryRemoved, "memory_removed", nil},
	{core.MemoryExpired, "memory_expired", nil},
}

// place returns where an event of a kind and a level is counted. ok is false for
// anything but one known kind.
func place(kind core.Kind, level core.Level) (i, at int, ok bool) {
	i = bits.TrailingZeros64(uint64(kind))
	if int(level) < levels {
		at = int(level)
	}
	return i, at, i < len(rows) && rows[i].kind == kind
}
