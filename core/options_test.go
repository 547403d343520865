// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// durations returns the options that are durations, by name.
func durations() []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[core.EntryOptions]()) {
		if f.Type == reflect.TypeFor[time.Duration]() {
			names = append(names, f.Name)
		}
	}
	return names
}

func withDuration(o core.EntryOptions, name string, d time.Duration) core.EntryOptions {
	reflect.ValueOf(&o).Elem().FieldByName(name).SetInt(int64(d))
	return o
}

// wrongOptions returns the names of the options that err finds fault with.
func wrongOptions(err error) (names []string) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	for _, e := range joined.Unwrap() {
		if option, ok := errors.AsType[*core.OptionError](e); ok {
			names = append(names, option.Option)
		}
	}
	return names
}

func TestEntryOptions_Validate(t *testing.T) {
	for _, c := range []struct {
		name string
		o    core.EntryOptions
		want []string // without the prefix
	}{
		{"zero", core.EntryOptions{}, nil},
		{"all at once", core.EntryOptions{
			TTL: 1, DistributedTTL: 1, Jitter: 1, StaleTTL: 1, Throttle: 1, MaxCycles: 1, SoftTimeout: 1, HardTimeout: 1,
			StrictHardTimeout: true, LoadTimeout: 1, DistributedSoftTimeout: 1, DistributedTimeout: 1,
			IdleTTL: 1, EagerRefresh: 0.5, StaleWhileRevalidate: 1, StaleIfError: 1, DistributedStaleTTL: 1, FailSafeDefault: core.Live(1, core.Meta{}),
			NotFoundTTL: 1, NotFoundJitter: 1, Size: 1, Priority: core.HighPriority,
		}, nil},
		{"EagerRefresh 1", core.EntryOptions{EagerRefresh: 1}, []string{"EagerRefresh"}},
		{"EagerRefresh negative", core.EntryOptions{EagerRefresh: -0.5}, []string{"EagerRefresh"}},
		{"EagerRefresh NaN", core.EntryOptions{EagerRefresh: math.NaN()}, []string{"EagerRefresh"}},
		{"EagerChance infinite", core.EntryOptions{EagerChance: math.Inf(1)}, []string{"EagerChance"}},
		{"EagerChance NaN", core.EntryOptions{EagerChance: math.NaN()}, []string{"EagerChance"}},
		{"both eager", core.EntryOptions{EagerChance: 1, EagerRefresh: 0.5}, []string{"EagerChance"}},
		{"DistributedStaleTTL alone", core.EntryOptions{TTL: 1, DistributedStaleTTL: 1}, []string{"DistributedStaleTTL"}},
		{"DistributedStaleTTL below DistributedTTL", core.EntryOptions{TTL: 1, DistributedTTL: 5, StaleTTL: 9, DistributedStaleTTL: 4}, []string{"DistributedStaleTTL"}},
		{"DistributedStaleTTL below TTL", core.EntryOptions{TTL: 5, StaleTTL: 9, DistributedStaleTTL: 4}, []string{"DistributedStaleTTL"}},
		{"MaxCycles with StaleIfError", core.EntryOptions{TTL: 1, StaleIfError: 1, MaxCycles: 1}, nil},
		{"NotFoundJitter alone", core.EntryOptions{NotFoundJitter: 1}, []string{"NotFoundJitter"}},
		{"NotFoundJitter Forever", core.EntryOptions{NotFoundTTL: 1, NotFoundJitter: core.Forever}, []string{"NotFoundJitter"}},
		{"ErrorBackoffMax as ErrorBackoff", core.EntryOptions{ErrorBackoff: 5, ErrorBackoffMax: 5}, nil},
		{"ErrorBackoffMax below ErrorBackoff", core.EntryOptions{ErrorBackoff: 5, ErrorBackoffMax: 4}, []string{"ErrorBackoffMax"}},
		{"ErrorBackoffMax alone", core.EntryOptions{ErrorBackoffMax: 1}, []string{"ErrorBackoffMax"}},
		{"unknown Priority", core.EntryOptions{Priority: 99}, []string{"Priority"}},
		{"StaleTTL as TTL", core.EntryOptions{TTL: 5, StaleTTL: 5}, nil},
		{"StaleTTL below TTL", core.EntryOptions{TTL: 5, StaleTTL: 4}, []string{"StaleTTL"}},
		{"StaleTTL below no TTL", core.EntryOptions{StaleTTL: 4}, []string{"StaleTTL"}},
		{"StaleTTL below Forever", core.EntryOptions{TTL: core.Forever, StaleTTL: 4}, []string{"StaleTTL"}},
		{"StaleTTL Forever", core.EntryOptions{StaleTTL: core.Forever}, nil},
		{"Jitter Forever", core.EntryOptions{Jitter: core.Forever}, []string{"Jitter"}},
		{"MaxCycles negative", core.EntryOptions{TTL: 1, StaleTTL: 1, MaxCycles: -1}, []string{"MaxCycles"}},
		{"MaxCycles alone", core.EntryOptions{MaxCycles: 1}, []string{"MaxCycles"}},
		{"DistributedSoftTimeout alone", core.EntryOptions{DistributedSoftTimeout: 1}, []string{"DistributedSoftTimeout"}},
		{"an empty tag", core.EntryOptions{Tags: []string{"a", ""}}, []string{"Tags"}},
		{"a tag of 257 bytes", core.EntryOptions{Tags: []string{strings.Repeat("x", 257)}}, []string{"Tags"}},
		{"17 tags", core.EntryOptions{Tags: slices.Repeat([]string{"x"}, 17)}, []string{"Tags"}},
		{"16 tags of 256 bytes", core.EntryOptions{Tags: slices.Repeat([]string{strings.Repeat("x", 256)}, 16)}, nil},
		{"StrictHardTimeout alone", core.EntryOptions{StrictHardTimeout: true}, []string{"StrictHardTimeout"}},
		{"several", core.EntryOptions{TTL: -1, MaxCycles: -1, StrictHardTimeout: true}, []string{"TTL", "MaxCycles", "StrictHardTimeout"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i := range c.want {
				c.want[i] = "EntryOptions." + c.want[i]
			}
			if got := wrongOptions(c.o.Validate()); !slices.Equal(got, c.want) {
				t.Errorf("found fault with %q, want %q", got, c.want)
			}
		})
	}
}

func TestEntryOptions_ValidateRefusesEveryNegativeDuration(t *testing.T) {
	if len(durations()) < 10 {
		t.Fatalf("only %d durations found", len(durations()))
	}
	for _, name := range durations() {
		for _, d := range []time.Duration{-1, math.MinInt64} {
			err := withDuration(core.EntryOptions{}, name, d).Validate()
			if !slices.Contains(wrongOptions(err), "EntryOptions."+name) {
				t.Errorf("%s: %d gives %v", name, d, err)
			}
		}
	}
}

func TestEntryOptions_WithDefaultsFillsWhatStandsForADefault(t *testing.T) {
	got := core.EntryOptions{}.WithDefaults()
	want := core.EntryOptions{
		TTL:                core.Forever,
		DistributedTTL:     core.DefaultDistributedTTL,
		Throttle:           core.DefaultThrottle,
		DistributedTimeout: core.DefaultDistributedTimeout,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if again := got.WithDefaults(); !reflect.DeepEqual(again, got) {
		t.Errorf("complete options were changed to %+v", again)
	}
}

func TestEntryOptions_WithDefaultsKeepsWhatIsGiven(t *testing.T) {
	given := core.EntryOptions{TTL: 1, DistributedTTL: 2, Throttle: 3, DistributedTimeout: 4}
	if got := given.WithDefaults(); !reflect.DeepEqual(got, given) {
		t.Errorf("got %+v", got)
	}
	if got := (core.EntryOptions{TTL: time.Minute}).WithDefaults().DistributedTTL; got != time.Minute {
		t.Errorf("DistributedTTL is %v, want that of TTL", got)
	}
	if got := (core.EntryOptions{TTL: core.Forever}).WithDefaults().DistributedTTL; got != core.Forever {
		t.Errorf("DistributedTTL is %v, want Forever by choice", got)
	}
}

// everyOption sets every field of EntryOptions but what With is for.
func everyOption() map[string]core.Option {
	return map[string]core.Option{
		"TTL":                    core.TTL(1),
		"DistributedTTL":         core.DistributedTTL(2),
		"Jitter":                 core.Jitter(3),
		"StaleTTL":               core.FailSafe(4),
		"IdleTTL":                core.IdleTTL(14),
		"EagerRefresh":           core.EagerRefresh(0.5),
		"EagerChance":            core.EagerChance(2),
		"StaleWhileRevalidate":   core.StaleWhileRevalidate(15),
		"StaleIfError":           core.StaleIfError(16),
		"DistributedStaleTTL":    core.DistributedStaleTTL(17),
		"FailSafeDefault":        core.FailSafeDefault("default"),
		"NotFoundTTL":            core.NotFoundTTL(18, 19),
		"NotFoundJitter":         core.NotFoundTTL(18, 19),
		"Size":                   core.Size(20),
		"Priority":               core.WithPriority(core.LowPriority),
		"Throttle":               core.Throttle(5),
		"MaxCycles":              core.MaxCycles(6),
		"SoftTimeout":            core.SoftTimeout(7),
		"HardTimeout":            core.HardTimeout(8),
		"StrictHardTimeout":      core.StrictHardTimeout(true),
		"LoadTimeout":            core.LoadTimeout(9),
		"CancelOnTimeout":        core.CancelOnTimeout(true),
		"ErrorBackoff":           core.ErrorBackoff(12),
		"ErrorBackoffMax":        core.ErrorBackoffMax(21),
		"NodeLock":               core.NodeLock(13),
		"DistributedSoftTimeout": core.DistributedTimeouts(10, 11),
		"DistributedTimeout":     core.DistributedTimeouts(10, 11),
		"ReturnLayerErrors":      core.ReturnLayerErrors(true),
		"AllowStale":             core.AllowStale(true),
		"Clone":                  core.Clone(true),
		"BackgroundWrites":       core.BackgroundWrites(true),
		"Push":                   core.Push(true),
		"Tags":                   core.Tags("a"),
		"Skip":                   core.Without(core.SkipNotify),
	}
}

func TestOption_ThereIsOneForEveryField(t *testing.T) {
	options := everyOption()
	for _, f := range reflect.VisibleFields(reflect.TypeFor[core.EntryOptions]()) {
		option, ok := options[f.Name]
		if !ok {
			t.Errorf("no option sets %s", f.Name)
			continue
		}
		got := core.Resolve(core.EntryOptions{}, []core.Option{option})
		if reflect.ValueOf(got).FieldByIndex(f.Index).IsZero() {
			t.Errorf("the option for %s does not set it: %+v", f.Name, got)
		}
	}
}

// sets names the further fields that an option is documented to change.
func sets(field string) []string {
	switch field {
	case "TTL":
		return []string{"TTL", "DistributedTTL"}
	case "EagerRefresh", "EagerChance":
		return []string{"EagerRefresh", "EagerChance"}
	case "NotFoundTTL", "NotFoundJitter":
		return []string{"NotFoundTTL", "NotFoundJitter"}
	case "DistributedSoftTimeout", "DistributedTimeout":
		return []string{"DistributedSoftTimeout", "DistributedTimeout"}
	}
	return []string{field}
}

func TestResolve_InheritsWhatIsNotGiven(t *testing.T) {
	base := core.EntryOptions{
		TTL: 101, DistributedTTL: 102, Jitter: 103, StaleTTL: 104, Throttle: 105, MaxCycles: 106, SoftTimeout: 107, HardTimeout: 108,
		LoadTimeout: 109, DistributedSoftTimeout: 110, DistributedTimeout: 111, ErrorBackoff: 112, ErrorBackoffMax: 122, NodeLock: 113,
		IdleTTL: 114, EagerRefresh: 0.25, EagerChance: 3, StaleWhileRevalidate: 115, StaleIfError: 116, DistributedStaleTTL: 117,
		NotFoundTTL: 118, NotFoundJitter: 119, Size: 120, Priority: core.HighPriority,
		Tags: []string{"base"}, Skip: core.SkipMemoryRead,
	}
	for name, option := range everyOption() {
		got := reflect.ValueOf(core.Resolve(base, []core.Option{option}))
		for _, f := range reflect.VisibleFields(got.Type()) {
			same := reflect.DeepEqual(got.FieldByIndex(f.Index).Interface(), reflect.ValueOf(base).FieldByIndex(f.Index).Interface())
			if should := !slices.Contains(sets(name), f.Name); same != should {
				t.Errorf("the option for %s: %s is kept: %v, want %v", name, f.Name, same, should)
			}
		}
	}
	if got := core.Resolve(base, nil); !reflect.DeepEqual(got, base) {
		t.Errorf("no options made %+v", got)
	}
	if got := core.Resolve(base, []core.Option{{}}); !reflect.DeepEqual(got, base) {
		t.Errorf("the zero option made %+v", got)
	}
}

func TestResolve_LaterOptionsWin(t *testing.T) {
	got := core.Resolve(core.EntryOptions{}, []core.Option{core.TTL(1), core.DistributedTTL(9), core.TTL(2), core.Without(core.SkipNotify), core.Without(core.SkipMemory)})
	want := core.EntryOptions{TTL: 2, Skip: core.SkipNotify | core.SkipMemory}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestOption_OppositesUndoEachOther(t *testing.T) {
	base := core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, DistributedStaleTTL: time.Hour, MaxCycles: 3, DistributedSoftTimeout: 1, HardTimeout: 1, StrictHardTimeout: true, ErrorBackoff: 1, ErrorBackoffMax: 1}
	for name, option := range map[string]core.Option{
		"WithoutFailSafe": core.WithoutFailSafe(), "no HardTimeout": core.HardTimeout(0), "no ErrorBackoff": core.ErrorBackoff(0),
	} {
		got := core.Resolve(base, []core.Option{option})
		if err := got.Validate(); err != nil {
			t.Errorf("%s leaves a contradiction: %v", name, err)
		}
	}
	if got := core.Resolve(base, []core.Option{core.WithoutFailSafe()}); got.FailSafe() {
		t.Error("fail-safe is still on")
	}
	if got := core.Resolve(base, []core.Option{core.NoTTL()}); got.TTL != 0 {
		t.Errorf("TTL is %v", got.TTL)
	}
}

func TestOption_WithTakesPartsOutAgain(t *testing.T) {
	got := core.Resolve(core.EntryOptions{Skip: core.SkipDistributed}, []core.Option{core.Without(core.SkipMemoryRead), core.With(core.SkipNotify | core.SkipMemoryWrite)})
	if got.Skip != core.SkipDistributedRead|core.SkipDistributedWrite|core.SkipMemoryRead {
		t.Errorf("what is skipped: %b", got.Skip)
	}
}

// What an option says of itself is what the validation of all says.
func TestOption_IsWrongWhereNothingCanMakeItRight(t *testing.T) {
	long := strings.Repeat("x", 257)
	wrong := map[string]core.Option{
		"TTL": core.TTL(-1), "DistributedTTL": core.DistributedTTL(-1), "Jitter": core.Jitter(-1), "Jitter for ever": core.Jitter(core.Forever),
		"FailSafe": core.FailSafe(-1), "IdleTTL": core.IdleTTL(-1), "EagerRefresh": core.EagerRefresh(1), "EagerRefresh NaN": core.EagerRefresh(math.NaN()),
		"EagerChance": core.EagerChance(-1), "EagerChance Inf": core.EagerChance(math.Inf(1)),
		"StaleWhileRevalidate": core.StaleWhileRevalidate(-1), "StaleIfError": core.StaleIfError(-1),
		"DistributedStaleTTL": core.DistributedStaleTTL(-1), "NotFoundTTL": core.NotFoundTTL(-1, 0), "NotFoundJitter": core.NotFoundTTL(1, -1),
		"NotFoundJitter for ever": core.NotFoundTTL(1, core.Forever), "WithPriority": core.WithPriority(core.HighPriority + 1),
		"Throttle": core.Throttle(-1), "MaxCycles": core.MaxCycles(-1), "SoftTimeout": core.SoftTimeout(-1), "HardTimeout": core.HardTimeout(-1),
		"LoadTimeout": core.LoadTimeout(-1), "ErrorBackoff": core.ErrorBackoff(-1), "ErrorBackoffMax": core.ErrorBackoffMax(-1), "NodeLock": core.NodeLock(-1),
		"DistributedTimeouts soft": core.DistributedTimeouts(-1, 0), "DistributedTimeouts": core.DistributedTimeouts(0, -1),
		"Tags empty": core.Tags(""), "Tags long": core.Tags(long), "Tags many": core.Tags(slices.Repeat([]string{"a"}, 17)...),
	}
	for name, option := range wrong {
		if !core.Detours([]core.Option{core.TTL(1), option}) || core.Resolve(core.EntryOptions{}, []core.Option{option}).Validate() == nil {
			t.Errorf("%s is not wrong", name)
		}
	}
	for name, option := range everyOption() {
		if core.Detours([]core.Option{option}) != (name == "Clone") {
			t.Errorf("%s is wrong", name)
		}
	}
}

func TestOption_IsSharedBetweenGoroutinesUnchanged(t *testing.T) {
	options := []core.Option{core.TTL(1), core.Without(core.SkipNotify), core.Clone(true)}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if got := core.Resolve(core.EntryOptions{}, options); got.TTL != 1 || got.Skip != core.SkipNotify || !got.Clone {
				t.Errorf("got %+v", got)
			}
		})
	}
	wg.Wait()
	if core.Detours(options[:2]) || !core.Detours(options) || !core.Detours([]core.Option{core.Without(core.SkipMemory)}) {
		t.Error("what matters to a hit was changed")
	}
}

func TestOption_DistributedTimeoutsKeepsLongDurations(t *testing.T) {
	got := core.Resolve(core.EntryOptions{}, []core.Option{core.DistributedTimeouts(core.Forever, core.Forever)})
	if got.DistributedSoftTimeout != core.Forever || got.DistributedTimeout != core.Forever {
		t.Errorf("got %v and %v", got.DistributedSoftTimeout, got.DistributedTimeout)
	}
}

func TestSkip_HasMeansAll(t *testing.T) {
	for _, c := range []struct {
		s, p core.Skip
		want bool
	}{
		{core.SkipMemory, core.SkipMemoryRead, true},
		{core.SkipMemoryRead, core.SkipMemory, false},
		{core.SkipDistributed, core.SkipNotify, true},
		{core.SkipDistributed, core.SkipMemoryWrite, false},
		{0, 0, true},
	} {
		if got := c.s.Has(c.p); got != c.want {
			t.Errorf("%b.Has(%b) = %v", c.s, c.p, got)
		}
	}
}
