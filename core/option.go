// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import "time"

// Option changes one entry option for one call. It is a plain value: a slice of
// options can be kept, reused and shared between goroutines, and passing some to
// a call that hits allocates nothing.
type Option struct {
	apply    func(*EntryOptions, Option)
	duration time.Duration
	number   int64
	on       bool
	detours  bool
	tags     []string
}

// Detours reports whether one of opts matters to a read that memory can answer: it
// skips memory, asks for a copy, or is wrong whatever the others say, as a negative
// duration is. It is for readers that look at options before they resolve them.
func Detours(opts []Option) bool {
	for i := range opts {
		if opts[i].detours {
			return true
		}
	}
	return false
}

// Apply makes the change in e.
func (o Option) Apply(e *EntryOptions) {
	if o.apply != nil {
		o.apply(e, o)
	}
}

// Resolve returns base changed by opts, in their order.
func Resolve(base EntryOptions, opts []Option) EntryOptions {
	for _, o := range opts {
		o.Apply(&base)
	}
	return base
}

// TTL sets [EntryOptions.TTL], and with it the life in the distributed layer
// unless [DistributedTTL] follows.
func TTL(d time.Duration) Option {
	return Option{duration: d, detours: d < 0, apply: func(e *EntryOptions, o Option) { e.TTL, e.DistributedTTL = o.duration, 0 }}
}

// NoTTL makes an entry that does not expire; in the distributed layer it lives
// for DefaultDistributedTTL.
func NoTTL() Option { return TTL(0) }

// DistributedTTL sets [EntryOptions.DistributedTTL].
func DistributedTTL(d time.Duration) Option {
	return Option{duration: d, detours: d < 0, apply: func(e *EntryOptions, o Option) { e.DistributedTTL = o.duration }}
}

// Jitter sets [EntryOptions.Jitter].
func Jitter(limit time.Duration) Option {
	return Option{duration: limit, detours: limit < 0 || limit == Forever, apply: func(e *EntryOptions, o Option) { e.Jitter = o.duration }}
}

// FailSafe switches fail-safe on: it sets [EntryOptions.StaleTTL].
func FailSafe(staleTTL time.Duration) Option {
	return Option{duration: staleTTL, detours: staleTTL < 0, apply: func(e *EntryOptions, o Option) { e.StaleTTL = o.duration }}
}

// WithoutFailSafe is the opposite of [FailSafe]: no stale entry is served or kept,
// and nothing that needs one applies.
func WithoutFailSafe() Option {
	return Option{apply: func(e *EntryOptions, _ Option) {
		e.StaleTTL, e.DistributedStaleTTL, e.MaxCycles, e.DistributedSoftTimeout = 0, 0, 0, 0
		e.StaleWhileRevalidate, e.StaleIfError, e.FailSafeDefault = 0, 0, nil
	}}
}

// Throttle sets [EntryOptions.Throttle].
func Throttle(d time.Duration) Option {
	return Option{duration: d, detours: d < 0, apply: func(e *EntryOptions, o Option) { e.Throttle = o.duration }}
}

// MaxCycles sets [EntryOptions.MaxCycles]; zero for no bound.
func MaxCycles(n int) Option {
	return Option{number: int64(n), detours: n < 0, apply: func(e *EntryOptions, o Option) { e.MaxCycles = int(o.number) }}
}

// SoftTimeout sets [EntryOptions.SoftTimeout]; zero for none.
func SoftTimeout(d time.Duration) Option {
	return Option{duration: d, detours: d < 0, apply: func(e *EntryOptions, o Option) { e.SoftTimeout = o.duration }}
}

// HardTimeout sets [EntryOptions.HardTimeout]; zero for none.
func HardTimeout(d time.Duration) Option {
	return Option{duration: d, detours: d < 0, apply: func(e *EntryOptions, o Option) {
		e.HardTimeout = o.duration
		e.StrictHardTimeout = e.StrictHardTimeout && o.duration > 0
	}}
}

// StrictHardTimeout sets [EntryOptions.StrictHardTimeout].
func StrictHardTimeout(on bool) Option {
	return Option{on: on, apply: func(e *EntryOptions, o Option) { e.StrictHardTimeout = o.on }}
}

// LoadTimeout sets [EntryOptions.LoadTimeout]; Forever for none.
func LoadTimeout(d time.Duration) Option {
	return Option{duration: d, detours: d < 0, apply: func(e *EntryOptions, o Option) { e.LoadTimeout = o.duration }}
}

// CancelOnTimeout sets [EntryOptions.CancelOnTimeout].
func CancelOnTimeout(on bool) Option {
	return Option{on: on, apply: func(e *EntryOptions, o Option) { e.CancelOnTimeout = o.on }}
}

// NodeLock sets [EntryOptions.NodeLock]; zero for none.
func NodeLock(wait time.Duration) Option {
	return Option{duration: wait, detours: wait < 0, apply: func(e *EntryOptions, o Option) { e.NodeLock = o.duration }}
}

// ErrorBackoff sets [EntryOptions.ErrorBackoff]; zero for none, and no growth.
func ErrorBackoff(d time.Duration) Option {
	return Option{duration: d, detours: d < 0, apply: func(e *EntryOptions, o Option) {
		e.ErrorBackoff = o.duration
		if o.duration == 0 {
			e.ErrorBackoffMax = 0
		}
	}}
}

// ErrorBackoffMax sets [EntryOptions.ErrorBackoffMax]; zero for no growth.
func ErrorBackoffMax(d time.Duration) Option {
	return Option{duration: d, detours: d < 0, apply: func(e *EntryOptions, o Option) { e.ErrorBackoffMax = o.duration }}
}

// DistributedTimeouts sets [EntryOptions.DistributedSoftTimeout] and
// [EntryOptions.DistributedTimeout]; zero for none and for the default.
func DistributedTimeouts(soft, hard time.Duration) Option {
	return Option{duration: soft, number: int64(hard), detours: soft < 0 || hard < 0, apply: func(e *EntryOptions, o Option) {
		e.DistributedSoftTimeout, e.DistributedTimeout = o.duration, time.Duration(o.number)
	}}
}

// ReturnLayerErrors sets [EntryOptions.ReturnLayerErrors].
func ReturnLayerErrors(on bool) Option {
	return Option{on: on, apply: func(e *EntryOptions, o Option) { e.ReturnLayerErrors = o.on }}
}

// AllowStale sets [EntryOptions.AllowStale].
func AllowStale(on bool) Option {
	return Option{on: on, apply: func(e *EntryOptions, o Option) { e.AllowStale = o.on }}
}

// Clone sets [EntryOptions.Clone].
func Clone(on bool) Option {
	return Option{on: on, detours: on, apply: func(e *EntryOptions, o Option) { e.Clone = o.on }}
}

// Push sets [EntryOptions.Push].
func Push(on bool) Option {
	return Option{on: on, apply: func(e *EntryOptions, o Option) { e.Push = o.on }}
}

// BackgroundWrites sets [EntryOptions.BackgroundWrites].
func BackgroundWrites(on bool) Option {
	return Option{on: on, apply: func(e *EntryOptions, o Option) { e.BackgroundWrites = o.on }}
}

// Without adds parts to [EntryOptions.Skip].
func Without(parts Skip) Option {
	return Option{number: int64(parts), detours: parts.Has(SkipMemoryRead), apply: func(e *EntryOptions, o Option) { e.Skip |= Skip(o.number) }}
}

// With is the opposite of [Without]: it takes parts out of [EntryOptions.Skip], so that
// a call goes the way that its view, or the stack, leaves out.
func With(parts Skip) Option {
	return Option{number: int64(parts), apply: func(e *EntryOptions, o Option) { e.Skip &^= Skip(o.number) }}
}

// Tags sets [EntryOptions.Tags]. It keeps tags.
func Tags(tags ...string) Option {
	return Option{tags: tags, detours: ValidateTags(tags) != nil, apply: func(e *EntryOptions, o Option) { e.Tags = o.tags }}
}
