// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"
)

// Validate returns all that is wrong with o, joined, each an *OptionError.
func (o EntryOptions) Validate() error {
	var errs []error
	bad := func(option, why string) {
		errs = append(errs, &OptionError{Option: "EntryOptions." + option, Err: errors.New(why)})
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{
		{"TTL", o.TTL},
		{"DistributedTTL", o.DistributedTTL},
		{"Jitter", o.Jitter},
		{"IdleTTL", o.IdleTTL},
		{"StaleWhileRevalidate", o.StaleWhileRevalidate},
		{"StaleIfError", o.StaleIfError},
		{"StaleTTL", o.StaleTTL},
		{"DistributedStaleTTL", o.DistributedStaleTTL},
		{"NotFoundTTL", o.NotFoundTTL},
		{"NotFoundJitter", o.NotFoundJitter},
		{"Throttle", o.Throttle},
		{"SoftTimeout", o.SoftTimeout},
		{"HardTimeout", o.HardTimeout},
		{"LoadTimeout", o.LoadTimeout},
		{"NodeLock", o.NodeLock},
		{"ErrorBackoff", o.ErrorBackoff},
		{"DistributedSoftTimeout", o.DistributedSoftTimeout},
		{"DistributedTimeout", o.DistributedTimeout},
	} {
		if d.d < 0 {
			bad(d.name, "must not be negative")
		}
	}
	for _, rule := range o.contradictions() {
		if rule.broken {
			bad(rule.option, rule.why)
		}
	}
	if err := ValidateTags(o.Tags); err != nil {
		errs = append(errs, &OptionError{Option: "EntryOptions.Tags", Err: err})
	}
	return errors.Join(errs...)
}

// contradiction is something that options must not say together.
type contradiction struct {
	broken      bool
	option, why string
}

func (o *EntryOptions) contradictions() []contradiction {
	noStale := o.StaleTTL == 0
	return []contradiction{
		{o.Jitter == Forever, "Jitter", "must be finite"},
		{o.NotFoundJitter == Forever, "NotFoundJitter", "must be finite"},
		{o.NotFoundJitter > 0 && o.NotFoundTTL == 0, "NotFoundJitter", "needs NotFoundTTL"},
		{!(o.EagerRefresh >= 0 && o.EagerRefresh < 1), "EagerRefresh", "must be at least 0 and below 1"},
		{!(o.EagerChance >= 0 && o.EagerChance <= math.MaxFloat32), "EagerChance", "must be finite and not negative"},
		{o.EagerChance != 0 && o.EagerRefresh != 0, "EagerChance", "must not be set together with EagerRefresh"},
		{o.MaxCycles < 0, "MaxCycles", "must not be negative"},
		{!noStale && o.StaleTTL != Forever && (o.TTL == 0 || o.StaleTTL < o.TTL), "StaleTTL", "must not be below TTL"},
		{noStale && o.DistributedStaleTTL > 0, "DistributedStaleTTL", "needs StaleTTL"},
		{o.DistributedStaleTTL > 0 && o.DistributedStaleTTL < cmp.Or(o.DistributedTTL, o.TTL, DefaultDistributedTTL), "DistributedStaleTTL", "must not be below DistributedTTL"},
		{noStale && o.StaleIfError == 0 && o.MaxCycles > 0, "MaxCycles", "needs StaleTTL or StaleIfError"},
		{noStale && o.DistributedSoftTimeout > 0, "DistributedSoftTimeout", "needs StaleTTL"},
		{o.StrictHardTimeout && o.HardTimeout == 0, "StrictHardTimeout", "needs HardTimeout"},
		{o.Priority > HighPriority, "Priority", "is unknown"},
	}
}

// ValidateTags returns what is wrong with a list of tags, or nil.
func ValidateTags(tags []string) error {
	if len(tags) > maxTags {
		return fmt.Errorf("%d tags, at most %d are allowed", len(tags), maxTags)
	}
	for _, t := range tags {
		if len(t) == 0 || len(t) > maxTagLen {
			return fmt.Errorf("a tag must have 1 to %d bytes", maxTagLen)
		}
	}
	return nil
}
