// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"strings"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// choice is what a client asks for besides its action: a set of options.
type choice uint32

const (
	soft choice = 1 << iota
	hard
	cancels
	impatient // a limit on the factory
	hurried   // limits on the distributed layer
	staleToo
	shortTTL
	safe
	unsafe
	backoff
	background
	copies
	errorsToo
	noMemoryRead
	noMemoryWrite
	noServerRead
	noServerWrite
	eager
	lenient // stale while it is loaded anew
	lasting // stale if that fails
	idle
	endless // a context that cannot end
	many    // by a method for many keys
	choices
)

var choiceNames = [...]string{
	"soft", "hard", "cancel", "limit", "hurry", "allow stale", "short", "fail-safe", "no fail-safe", "back-off", "background",
	"clone", "errors", "no memory read", "no memory write", "no server read", "no server write", "eager", "lenient", "lasting", "idle", "endless", "many",
}

// String lists the options for a timeline.
func (c choice) String() string {
	var names []string
	for i, name := range choiceNames {
		if c>>i&1 != 0 {
			names = append(names, name)
		}
	}
	if names == nil {
		return ""
	}
	return " [" + strings.Join(names, ", ") + "]"
}

// What makes sense for an action.
const (
	forLoads  = soft | hard | cancels | impatient | hurried | shortTTL | safe | unsafe | backoff | background | copies | noMemoryRead | noMemoryWrite | noServerRead | noServerWrite | forLives
	forReads  = hurried | staleToo | safe | copies | errorsToo | noMemoryRead | noMemoryWrite
	forWrites = hurried | shortTTL | safe | unsafe | background | copies | errorsToo | noMemoryWrite | forLives
	forLives  = eager | lenient | lasting | idle
)

// choose draws up to three options for an action; windows says whether such for
// stale answers after the life of an entry may be among them.
func choose(r dice, a action, windows bool) (c choice) {
	may := choice(forWrites)
	switch {
	case a == doGet:
		may = forReads
	case a == doLoad:
		may = forLoads
	case marks(a):
		may = 0
	}
	if r.IntN(2) == 0 {
		for range 3 {
			c |= 1 << r.IntN(int(endlessBit)) & may
		}
	}
	if !windows {
		c &^= lenient | lasting
	}
	if c&unsafe != 0 {
		c &^= safe | hurried
	}
	if r.IntN(16) == 0 {
		c |= endless
	}
	if r.IntN(8) == 0 && (a == doGet || a == doSet || a == doRemove) {
		c |= many
	}
	return c
}

const endlessBit = 21

// safeFor is the life of stale entries that a call may ask for, window for how long
// it may have them served after their lives, slowest the
// longest that a factory takes.
const (
	safeFor = 10 * time.Second
	window  = 3_000 // milliseconds
	slowest = 7 * time.Second
)

// options returns the options of a call. The limits are of different remainders
// by five milliseconds, so that no two timers of one caller end together.
func (c *client) options(o *op) []core.Option {
	r, plan := c.dice, c.run.plan
	limit := func(most, remainder int) time.Duration { return 5*between(r, 1, most) + ms(remainder) }
	var opts []core.Option
	if tags := plan.tagsOfAll(o); len(tags) > 0 && (o.Action == doLoad || o.Action == doSet) {
		opts = append(opts, core.Tags(tags...))
	}
	add := func(bit choice, option func() core.Option) {
		if o.choice&bit != 0 {
			opts = append(opts, option())
		}
	}
	add(unsafe, core.WithoutFailSafe)
	add(shortTTL, func() core.Option { return core.TTL(between(r, 50, 2000)) })
	add(safe, func() core.Option { return core.FailSafe(safeFor) })
	if o.choice&(safe|shortTTL) == safe {
		opts = append(opts, core.TTL(between(r, 1000, plan.longest())))
	}
	add(eager, func() core.Option { return core.EagerRefresh(float64(r.IntN(9)+1) / 10) })
	add(lenient, func() core.Option { return core.StaleWhileRevalidate(between(r, 100, window)) })
	add(lasting, func() core.Option { return core.StaleIfError(between(r, 100, window)) })
	add(idle, func() core.Option { return core.IdleTTL(between(r, 100, 2000)) })
	add(soft, func() core.Option { return core.SoftTimeout(limit(20, 0)) })
	add(hard, func() core.Option { return core.HardTimeout(limit(200, 1)) })
	add(cancels, func() core.Option { return core.CancelOnTimeout(true) })
	add(impatient, func() core.Option { return core.LoadTimeout(limit(400, 3)) })
	add(hurried, func() core.Option { return c.hurry(o, limit) })
	add(staleToo, func() core.Option { return core.AllowStale(true) })
	add(backoff, func() core.Option { return core.ErrorBackoff(between(r, 10, 1000)) })
	add(background, func() core.Option { return core.BackgroundWrites(true) })
	add(copies, func() core.Option { return core.Clone(true) })
	add(errorsToo, func() core.Option { return core.ReturnLayerErrors(true) })
	add(noMemoryRead, func() core.Option { return core.Without(core.SkipMemoryRead) })
	add(noMemoryWrite, func() core.Option { return core.Without(core.SkipMemoryWrite) })
	add(noServerRead, func() core.Option { return core.Without(core.SkipDistributedRead) })
	add(noServerWrite, func() core.Option { return core.Without(core.SkipDistributedWrite) })
	return opts
}

// hurry draws limits for the distributed layer.
func (c *client) hurry(o *op, limit func(int, int) time.Duration) core.Option {
	soft := time.Duration(0)
	if c.run.plan.Defaults.StaleTTL > 0 && o.choice&unsafe == 0 {
		soft = limit(10, 4) + ms(500)*time.Duration(c.dice.IntN(2))
	}
	return core.DistributedTimeouts(soft, ms(500)+limit(200, 4))
}
