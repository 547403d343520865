// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package slogplug

import (
	"log/slog"
	"math/bits"

	"github.com/fusioncache-go/fusioncache/core"
)

// row says how a kind of event is logged.
type row struct {
	kind    core.Kind
	level   slog.Level
	message string
}

// rows are in the order of the kinds' bits.
var rows = [...]row{
	{core.Hit, Off, "cache hit"},
	{core.StaleHit, Off, "cache served a stale entry"},
	{core.Miss, Off, "cache miss"},
	{core.Written, Off, "cache entry written"},
	{core.Removed, Off, "cache entry removed"},
	{core.Expired, Off, "cache entry expired"},
	{core.FactorySucceeded, Off, "cache factory succeeded"},
	{core.FactoryFailed, slog.LevelWarn, "cache factory failed"},
	{core.FactoryTimedOut, slog.LevelWarn, "cache factory timed out"},
	{core.BackgroundSucceeded, slog.LevelDebug, "cache factory succeeded in the background"},
	{core.BackgroundFailed, slog.LevelWarn, "cache factory failed in the background"},
	{core.FailSafeActivated, slog.LevelWarn, "cache serves a stale entry instead of an error"},
	{core.Fenced, slog.LevelDebug, "cache result not stored, its key was written meanwhile"},
	{core.LayerFailed, slog.LevelWarn, "cache layer failed"},
	{core.DecodeFailed, slog.LevelWarn, "cache entry cannot be decoded"},
	{core.Foreign, slog.LevelWarn, "cache found bytes that are not its own"},
	{core.MemoryRefused, slog.LevelWarn, "cache entry refused by memory"},
	{core.Joined, slog.LevelInfo, "cache backplane joined"},
	{core.GapSuspected, slog.LevelWarn, "cache may have missed messages"},
	{core.MessageReceived, Off, "cache message received"},
	{core.MessageRejected, slog.LevelWarn, "cache message rejected"},
	{core.BreakerChanged, slog.LevelWarn, "cache circuit breaker changed"},
	{core.PluginPanicked, slog.LevelError, "cache plugin panicked"},
	{core.Advice, slog.LevelWarn, "cache options are probably not meant so"},
	{core.RefreshStarted, Off, "cache entry is being refreshed"},
	{core.LockWaited, Off, "cache load waited for another node"},
	{core.Revalidated, Off, "cache entry in doubt was confirmed"},
	{core.Replayed, slog.LevelInfo, "cache write that had failed was made good"},
	{core.ReplayDropped, slog.LevelInfo, "cache write that had failed was not the last any more"},
	{core.RecoveryOverflowed, slog.LevelError, "cache has lost count of failed writes and removes everything"},
	{core.TagInvalidated, slog.LevelDebug, "cache tag invalidated"},
	{core.Cleared, slog.LevelInfo, "cache cleared"},
	{core.MessageSent, Off, "cache message sent"},
	{core.LayerHit, Off, "cache layer hit"},
	{core.LayerMiss, Off, "cache layer miss"},
	{core.LayerWritten, Off, "cache layer written"},
	{core.LayerRemoved, Off, "cache layer entry removed"},
	{core.Evicted, Off, "cache entry evicted from memory"},
	{core.MemoryMissed, Off, "cache miss of memory"},
	{core.MemoryWritten, Off, "cache entry written to memory"},
	{core.MemoryRemoved, Off, "cache entry removed from memory"},
	{core.MemoryExpired, Off, "cache entry expired in memory"},
}

// rowOf returns the place of a kind in rows. ok is false for anything but one
// known kind.
func rowOf(kind core.Kind) (i int, ok bool) {
	i = bits.TrailingZeros64(uint64(kind))
	return i, i < len(rows) && rows[i].kind == kind
}
