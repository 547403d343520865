// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package mutation names deliberate faults of the coherence protocol, which show
// that the simulator can find such faults. A normal build has none of them: [On]
// is then the constant false, and the compiler leaves out what depends on it. A
// build with the tag "mutants" has those that the environment variable [Env]
// names, as the sum of their bits.
package mutation

// Env is the environment variable of a build with mutants.
const Env = "FUSIONCACHE_MUTANTS"

// Mutant is a deliberate fault.
type Mutant uint64

// The mutants. Readers get wrong answers from all but two of them. Without
// NoOwnOrder's rule the clocks would decide about two writes of one node; they are
// closer than the skew that a replay allows for, so it finds doubt where there is
// none, and puts a tombstone where a value should be: a miss. What SameVersion
// breaks is made good twice: a header of another kind confirms no entry, and the
// node drops its copy. The simulator therefore looks at the rulings, too. NoRejoin
// is made good a second later, when the numbers of messages show the gap: what it
// breaks is that a node which has subscribed again knows at once.
const (
	NoCAS          Mutant = 1 << iota // a fill is stored whatever is there
	NoToken                           // a revoked flight stores its result
	NoFence                           // what is older than an invalidation is stored
	NoGap                             // missing messages are not noticed
	NoDegraded                        // silence does not shorten the life in memory
	NoRejoin                          // a new subscription makes nothing suspect
	NoSkew                            // a replay believes the clocks
	NoOwnOrder                        // a replay compares the versions of one node by clock
	NoEpoch                           // the mark of everything is not looked at
	NoGeneration                      // marks of tags are not looked at
	NoDoubt                           // messages about marks are ignored
	EarlyMessage                      // nodes are told before the server has a write
	SameVersion                       // a tombstone that settles doubt reuses the version
	NoLanding                         // reads during a write of the node may store
	NoDebt                            // what the server lacks does not count when it is read
	NoRecovery                        // writes that failed are not tried again
	NoOverflow                        // debts that do not fit are dropped
	LateMarks                         // a load takes the marks of its end
	NoNews                            // a load may store after a read has brought something newer
	ClockExpiry                       // an expiry is an instant of the writer's clock
	NoTombstone                       // a removal leaves nothing behind
	NoRevalidation                    // what is suspect is served all the same
	BlindMark                         // a mark is stored whatever is there
	LateWrite                         // a write that was given up is done when it arrives
	BlindLife                         // a new life is given to whatever is held
	NoLag                             // what was read from a layer that lags is not checked again
	NoFloor                           // a mark from before its last change is believed
	BlindBatch                        // the headers that a batch asks for are all believed
	end
)

var names = [...]string{
	"no CAS", "no token", "no fence", "no gap detection", "no degraded TTL", "no suspicion on rejoining", "no skew rule in replay",
	"no own-operation rule", "no epoch check", "no tag generation check", "no doubt of marks", "publish before write",
	"tombstone reuses the version", "no second look after a write", "no look at debts", "no recovery", "overflow drops debts",
	"marks of the end of a load", "no look at news", "expiry by the clock", "no tombstone", "no revalidation",
	"marks overwrite each other", "late writes are done", "a life for whatever is held",
	"no second look at what lags", "no floor of marks", "a batch believes any header",
}

// All returns all mutants.
func All() (all []Mutant) {
	for m := Mutant(1); m < end; m <<= 1 {
		all = append(all, m)
	}
	return all
}

// String returns the names of the mutants in m.
func (m Mutant) String() string {
	s := ""
	for i, name := range names {
		if m>>i&1 == 0 {
			continue
		}
		if s != "" {
			s += ", "
		}
		s += name
	}
	return s
}
