// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"fmt"
	"time"
)

// The limits of promises that need one.
const (
	recoverWithin = 5 * time.Second  // from the return of L2 until all nodes agree
	reuniteWithin = 10 * time.Second // from then until every node reaches it and the others
	warmShare     = 0.9              // of what a cold node asks for and L2 has
)

// facts are what the acts have found out. What an act did not come to is nil.
type facts struct {
	stampede *stampedeFacts
	change   *changeFacts
	slow     *reading
	down     *reading
	outage   *outageFacts
	restart  *restartFacts
	whole    reading       // of all acts
	stood    time.Duration // for how long the process stood still during them
	closed   error         // what closing the nodes, and the rest, gave
}

// stampedeFacts: a crowd asks one node, and another crowd all nodes.
type stampedeFacts struct {
	crowd       int
	loads       int // for the crowd at one node
	loadsAfter  int // when the other nodes were asked too
	loadsSpread int // for the crowd at all nodes
	failed      int
}

// changeFacts: prices change on one node and are read on the others.
type changeFacts struct {
	rounds int
	late   int           // rounds after which a node had the old price for longer than promptly
	worst  time.Duration // until all nodes had the new price
}

// outageFacts: L2 goes away and comes back.
type outageFacts struct {
	during reading
	agreed time.Duration // from its return until all nodes had what the database has
	inTime bool
	apart  time.Duration // from its return until every node reached it and the others
	whole  bool          // that came to pass
}

// restartFacts: a node starts anew and is asked for what L2 has.
type restartFacts struct {
	reading
	asked int
	loads int // that went to the database after all
}

// promise is something that the cache promises, and whether it was kept.
type promise struct {
	text   string
	saw    string
	kept   bool
	tested bool
}

// promises judges the facts. It is the only place that says what is promised.
func (f *facts) promises() []promise {
	var list []promise
	list = append(list, f.stampede.promises()...)
	list = append(list, f.change.promise())
	list = append(list, slowPromise(f.slow), downPromise(f.down))
	list = append(list, f.outage.promises()...)
	list = append(list, f.restart.promises()...)
	return append(list, f.general()...)
}

// general are the promises for the whole show.
func (f *facts) general() []promise {
	w := f.whole
	return []promise{
		checked("no answer was ever false", w.wrong == 0, "%s of %s", number(w.wrong), number(w.requests())),
		checked("a second after a change nobody serves the old price", w.outdated == 0,
			"%s of %s answers, %s changes", number(w.outdated), number(w.answers), number(w.writes)),
		checked("clients see no other errors either", w.refusals == 0, "%s of %s", number(w.refusals), number(w.requests())),
		checked("all nodes close without an error", f.closed == nil, "%s", errorText(f.closed)),
	}
}

func (f *stampedeFacts) promises() []promise {
	const (
		one    = "a stampede on a node makes one load"
		others = "the other nodes find its result in L2"
		spread = "a stampede on all nodes makes one load"
		served = "everybody in a stampede gets the product"
	)
	if f == nil {
		return []promise{untested(one), untested(others), untested(spread), untested(served)}
	}
	return []promise{
		checked(one, f.loads == 1, "%d for %s clients", f.loads, number(f.crowd)),
		checked(others, f.loadsAfter == f.loads, "%d more loads", f.loadsAfter-f.loads),
		checked(spread, f.loadsSpread == 1, "%d for %s clients", f.loadsSpread, number(f.crowd)),
		checked(served, f.failed == 0, "%d of %s failed", f.failed, number(2*f.crowd)),
	}
}

func (f *changeFacts) promise() promise {
	const text = "a second after a change all nodes have the new price"
	if f == nil {
		return untested(text)
	}
	return checked(text, f.late == 0, "%d of %d late, slowest %s", f.late, f.rounds, duration(f.worst))
}

func slowPromise(r *reading) promise {
	const text = "nobody waits for a slow database if the node has a price"
	if r == nil {
		return untested(text)
	}
	return checked(text, r.waits == 0, "%s waited, %s stale answers", number(r.waits), number(r.staleAnswers()))
}

func downPromise(r *reading) promise {
	const text = "no errors while the database is down, if node or L2 has one"
	if r == nil {
		return untested(text)
	}
	return checked(text, r.refusals == 0, "%s errors, %s stale answers", number(r.refusals), number(r.staleAnswers()))
}

func (f *outageFacts) promises() []promise {
	const (
		served = "no errors while L2 is down"
		agreed = "soon after its return all nodes agree with the database"
		whole  = "soon after that every node has found it and the others"
	)
	if f == nil {
		return []promise{untested(served), untested(agreed), untested(whole)}
	}
	return []promise{
		checked(served, f.during.refusals == 0, "%s of %s", number(f.during.refusals), number(f.during.requests())),
		checked(agreed, f.inTime, "after %s, %s allowed", duration(f.agreed), duration(recoverWithin)),
		checked(whole, f.whole && f.apart <= reuniteWithin, "after %s, %s allowed", duration(f.apart), duration(reuniteWithin)),
	}
}

func (f *restartFacts) promises() []promise {
	const (
		served = "no errors while a node restarts"
		warm   = "a cold node fills its memory from L2"
	)
	if f == nil {
		return []promise{untested(served), untested(warm)}
	}
	found := f.asked - f.loads
	return []promise{
		checked(served, f.refusals == 0, "%s of %s", number(f.refusals), number(f.requests())),
		checked(warm, f.asked > 0 && float64(found) >= warmShare*float64(f.asked), "%d of %d products", found, f.asked),
	}
}

func checked(text string, kept bool, saw string, args ...any) promise {
	return promise{text: text, saw: fmt.Sprintf(saw, args...), kept: kept, tested: true}
}

func untested(text string) promise { return promise{text: text, saw: "not played"} }

func errorText(err error) string {
	if err == nil {
		return "none"
	}
	return err.Error()
}
