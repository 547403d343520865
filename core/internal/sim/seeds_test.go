// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import "testing"

// seeds are those that have failed, each with the fault that it has shown. What a
// seed stands for may change with the way in which plans are drawn; the tests that
// were made from them, in the packages of the protocol, stay.
//
// They were found before the store lagged, so their plans are without that.
var seeds = []struct {
	seed  uint64
	shown string
}{
	{373, "a load that memory was not to hold left something older there"},
	{780, "an own write that the server lacked outlived a removal of its tag"},
	{1795657000018052060, "an expiry of everything left entries without a reserve to fail-safe"},
	{7001621, "a mark that was overtaken on its way undid a later removal of everything"},
	{7007054, "a load stored what it had read before a write whose life was over by then"},
	{20003911, "a load that a removal had overtaken was a fallback of the next"},
	{20007204, "what was older than a tombstone was a fallback"},
	{30032919, "a damaged header made a value look newer than the removal of it"},
	{30034373, "a write was given up for foreign data, and an older one of another node came through"},
	{40001844, "a pushed value whose write had failed was a fallback after a later removal"},
	{40006450, "an answer from before a write had arrived was shown after it"},
	{60025471, "messages that came late ended the silence of their node"},
}

// laggingSeeds are those that failed since.
var laggingSeeds = map[uint64]string{
	120005838: "a write that was owed and in doubt counted as just written until it was not owed",
	140026567: "a gap put off what was to be read again for the one before it",
	160010068: "a load from before a removal of everything was shared after its mark had been read",
	200000345: "a tombstone of doubt was taken for a write of the node that had left it",
	200008521: "a load that had seen nothing outlived a removal and what was in its place",
	190004374: "what was owed was believed over a removal of this node that was under way",
	100000085: "a load of a node had arrived, but older than it was what the node then read",
}

func TestSeeds_ThatHaveFailedOnce(t *testing.T) {
	check := func(p *Plan, shown string) {
		if rep := simulate(t, p); len(rep.Violations) > 0 {
			t.Errorf("%s\n%s", shown, explain(rep))
		}
	}
	for _, s := range seeds {
		check(newPlan(s.seed, false), s.shown)
	}
	for seed, shown := range laggingSeeds {
		check(NewPlan(seed), shown)
	}
}
