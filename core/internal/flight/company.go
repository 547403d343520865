// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// Companion is a factory that shares one call with the factories of other keys.
type Companion interface {
	core.Factory

	// Company is that of those who share the call.
	Company() *Company

	// Spare says that the factory is not needed, now: its request has joined a
	// flight under way.
	Spare()

	// Leave says that its request has been answered, or will be without it; if it is
	// needed all the same, that is in the background.
	Leave()
}

// Company is flights of a group that count as one against its limits. The zero Company
// is ready for use.
type Company struct{ turn *turn } // guarded by the lock of turns

// companyOf returns the company of who makes up a flight with f; nil if that is alone.
func companyOf(f core.Factory) *Company {
	if c, ok := f.(Companion); ok {
		return c.Company()
	}
	return nil
}

func spare(r core.Request) {
	if c, ok := r.Factory.(Companion); ok {
		c.Spare()
	}
}

// Unite notes that what runs in ctx, the context of a flight, also works for the
// flights of the others: a load of one of their keys from there would wait for
// itself.
func Unite(ctx context.Context, others []context.Context) {
	c := from(ctx)
	if c == nil {
		return
	}
	c.group.nesting.mu.Lock()
	defer c.group.nesting.mu.Unlock()
	c.leader = nil
	var mates []*Call
	for _, o := range others {
		if mate := from(o); mate != nil && mate != c {
			mate.leader = c
			mates = append(mates, mate)
		}
	}
	c.mates.Store(&mates) // what an earlier call of the factory has left behind may be reading
}
