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
		{"ErrorBackoffMax", o.ErrorBackoffMax},
		{"DistributedSoftTimeout", o.DistributedSoftTimeout},
		{"DistributedTimeout", o.DistributedTimeout},
	} {
		if d.d < 0 {
			bad(d.name, "must not be negative")
		}
	}
	o.contradictions(func(broken bool, option, why string) {
		if broken {
			bad(option, why)
		}
	})
	if err := ValidateTags(o.Tags); err != nil {
		errs = append(errs, &OptionError{Option: "EntryOptions.Tags", Err: err})
	}
	return errors.Join(errs...)
}

// contradictions tells refuse what options must not say, alone or together.
func (o *EntryOptions) contradictions(refuse func(broken bool, option, why string)) {
	noStale := o.StaleTTL == 0
	refuse(o.Jitter == Forever, "Jitter", "must be finite")
	refuse(o.NotFoundJitter == Forever, "NotFoundJitter", "must be finite")
	refuse(o.NotFoundJitter > 0 && o.NotFoundTTL == 0, "NotFoundJitter", "needs NotFoundTTL")
	refuse(!isPart(o.EagerRefresh), "EagerRefresh", "must be at least 0 and below 1")
	refuse(!isFactor(o.EagerChance), "EagerChance", "must be finite and not negative")
	refuse(o.EagerChance != 0 && o.EagerRefresh != 0, "EagerChance", "must not be set together with EagerRefresh")
	refuse(o.MaxCycles < 0, "MaxCycles", "must not be negative")
	refuse(!noStale && o.StaleTTL != Forever && o.TTL == 0, "StaleTTL", "needs TTL, unless it is Forever")
	refuse(!noStale && o.StaleTTL < o.TTL, "StaleTTL", "must not be below TTL")
	refuse(noStale && o.DistributedStaleTTL > 0, "DistributedStaleTTL", "needs StaleTTL")
	refuse(o.DistributedStaleTTL > 0 && o.DistributedStaleTTL < cmp.Or(o.DistributedTTL, o.TTL, DefaultDistributedTTL), "DistributedStaleTTL", "must not be below DistributedTTL")
	refuse(noStale && o.StaleIfError == 0 && o.MaxCycles > 0, "MaxCycles", "needs StaleTTL or StaleIfError")
	refuse(noStale && o.DistributedSoftTimeout > 0, "DistributedSoftTimeout", "needs StaleTTL")
	refuse(o.StrictHardTimeout && o.HardTimeout == 0, "StrictHardTimeout", "needs HardTimeout")
	refuse(o.ErrorBackoffMax > 0 && o.ErrorBackoff == 0, "ErrorBackoffMax", "needs ErrorBackoff")
	refuse(o.ErrorBackoffMax > 0 && o.ErrorBackoffMax < o.ErrorBackoff, "ErrorBackoffMax", "must not be below ErrorBackoff")
	refuse(o.Priority > HighPriority, "Priority", "is unknown")
}

// isPart and isFactor report whether a number will do for EagerRefresh and EagerChance.
func isPart(x float64) bool   { return x >= 0 && x < 1 }
func isFactor(x float64) bool { return x >= 0 && x <= math.MaxFloat32 }

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
