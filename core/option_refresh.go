// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"math"
	"time"
)

// IdleTTL sets [EntryOptions.IdleTTL]; zero for none.
func IdleTTL(d time.Duration) Option {
	return Option{duration: d, detours: d < 0, apply: func(e *EntryOptions, o Option) { e.IdleTTL = o.duration }}
}

// EagerRefresh sets [EntryOptions.EagerRefresh], and no EagerChance; zero for
// neither.
func EagerRefresh(part float64) Option {
	return Option{number: int64(math.Float64bits(part)), detours: !isPart(part), apply: func(e *EntryOptions, o Option) {
		e.EagerRefresh, e.EagerChance = math.Float64frombits(uint64(o.number)), 0
	}}
}

// EagerChance sets [EntryOptions.EagerChance], and no EagerRefresh; zero for
// neither.
func EagerChance(factor float64) Option {
	return Option{number: int64(math.Float64bits(factor)), detours: !isFactor(factor), apply: func(e *EntryOptions, o Option) {
		e.EagerRefresh, e.EagerChance = 0, math.Float64frombits(uint64(o.number))
	}}
}

// StaleWhileRevalidate sets [EntryOptions.StaleWhileRevalidate]; zero for none.
func StaleWhileRevalidate(d time.Duration) Option {
	return Option{duration: d, detours: d < 0, apply: func(e *EntryOptions, o Option) { e.StaleWhileRevalidate = o.duration }}
}

// StaleIfError sets [EntryOptions.StaleIfError]; zero for none.
func StaleIfError(d time.Duration) Option {
	return Option{duration: d, detours: d < 0, apply: func(e *EntryOptions, o Option) { e.StaleIfError = o.duration }}
}

// DistributedStaleTTL sets [EntryOptions.DistributedStaleTTL]; zero for that of
// memory.
func DistributedStaleTTL(d time.Duration) Option {
	return Option{duration: d, detours: d < 0, apply: func(e *EntryOptions, o Option) { e.DistributedStaleTTL = o.duration }}
}

// FailSafeDefault sets [EntryOptions.FailSafeDefault] to v, which must be of the
// type of the view's values. It allocates: make it once and pass it often.
func FailSafeDefault[V any](v V) Option {
	entry := Live(v, Meta{})
	return Option{apply: func(e *EntryOptions, _ Option) { e.FailSafeDefault = entry }}
}

// NotFoundTTL sets [EntryOptions.NotFoundTTL] and [EntryOptions.NotFoundJitter];
// zeros for none.
func NotFoundTTL(d, jitter time.Duration) Option {
	return Option{duration: d, number: int64(jitter), detours: d < 0 || jitter < 0 || jitter == Forever, apply: func(e *EntryOptions, o Option) {
		e.NotFoundTTL, e.NotFoundJitter = o.duration, time.Duration(o.number)
	}}
}

// Size sets [EntryOptions.Size].
func Size(n uint32) Option {
	return Option{number: int64(n), apply: func(e *EntryOptions, o Option) { e.Size = uint32(o.number) }}
}

// WithPriority sets [EntryOptions.Priority].
func WithPriority(p Priority) Option {
	return Option{number: int64(p), detours: p > HighPriority, apply: func(e *EntryOptions, o Option) { e.Priority = Priority(o.number) }}
}
