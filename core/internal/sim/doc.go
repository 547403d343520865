// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package sim runs several real stacks over one distributed layer and one
// backplane in virtual time, under faults, and checks what their readers see.
//
// A [Plan] is drawn from a seed: nodes, clocks, keys, options, what the layers are
// able to do, and a timetable of faults. [Run] carries it out inside a
// testing/synctest bubble: clients ask and write at random, a store, a bus and a
// source of truth fail as planned, and a recorder notes every answer.
//
// # The invariants
//
// Those that can be told from answers are checked by package coherencetest, with
// the same code that checks real servers; the others here.
//
//	I1   staleness          Checker.checkStaleness
//	I2   convergence        Checker.checkConverged, after every run, on every node
//	I3   single flight      recorder.checkFlights
//	I4   limit of fail-safe Checker.checkStaleLimit
//	I5   no resurrection    Checker.checkRemoved, Checker.checkOwnRemoval
//	I6   monotonic reads    Checker.checkMonotonic
//	I7   own writes         Checker.checkOwnWrites
//	I8   unique versions    recorder.checkIdentity
//	I9   order of the store recorder.checkOrder, recorder.checkRuling
//	I10  no lost message    Checker.checkStaleness: a node that neither heard of a
//	                        write nor doubts what it holds goes on serving that, and
//	                        its next read shows it; recorder.checkRejoined, for
//	                        subscriptions that were lost
//	I11  tags               as I5: a removal by tag counts as one of each of its keys
//	I12  queue              recorder.checkDebts, recorder.checkQueue; that overflow
//	                        invalidates, I2 shows in the plans whose queue holds one key
//	I13  deadlines          Checker.checkDeadline
//	I14  isolation          recorder.checkIsolation
//	I15  honest outcome     Checker.checkStored, Checker.checkValue
//	I16  panics             Checker.checkValue
//	I17  quarantine         Checker.checkValue
//	I18  indifference       as I2: in the end everything is as the source has it, so
//	                        it does not depend on which messages came
//	I19  closed             recorder.checkClosed; the bubble, for goroutines
//	I20  memory             not here: what a layer holds is its own affair, and package
//	                        memorytest's; bounds of the protocol's tables have tests in
//	                        package coherence
//	I21  load               recorder.checkLoad; package scale, for many nodes
//
// Where writers of one key do not wait for each other, and where the store does not
// arbitrate, those that need an order of versions are not checked.
//
// # The same seed gives the same run
//
// Virtual time stands still until every goroutine waits, so a run is the same
// each time if no two goroutines ever become ready at the same instant. Every
// delay is therefore a whole number of milliseconds and a lane: an offset below
// one millisecond that nobody else uses. Limits of the library are whole
// milliseconds too, so a timer that is set on a lane ends on it. Whoever is woken
// on the lane of somebody else goes back to its own before it does more, but for
// background writes and loads that were waiting for the same: what they call is on
// lanes of different kinds. Each actor draws from a generator of its own. The hash of
// a trace adds up its events and does not depend on their order.
//
// # When something is found
//
// The tests print the seed, a plan from which was left out whatever the violation
// does not need, and what happened to its key; and the command that shows it again.
// A seed that ever failed is added to seeds_test.go. [Coverage] counts which faults
// met which actions in which conditions: a campaign in which something that can
// occur never did fails.
package sim
