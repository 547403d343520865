// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

const millisecond = core.Instant(time.Millisecond)

// burst hears the numbers from 2 to n in an order in which each is overtaken by
// at most spread others, one every interval, but never those in missing. It
// reports at which instants something was lost.
func burst(p *peers, n, spread int, interval core.Instant, missing ...uint64) (lost []core.Instant) {
	random := rand.New(rand.NewPCG(1, 2))
	type message struct {
		seq uint64
		key int
	}
	messages := make([]message, 0, n)
	for i := 2; i <= n; i++ {
		if !slices.Contains(missing, uint64(i)) {
			messages = append(messages, message{uint64(i), i + random.IntN(spread)})
		}
	}
	slices.SortStableFunc(messages, func(a, b message) int { return a.key - b.key })
	id := wire.NodeID{1}
	p.hear(id, 1, 0)
	for i, m := range messages {
		now := core.Instant(i) * interval
		certain := p.hear(id, m.seq, now)
		overdue := false
		if i%100 == 0 {
			overdue, _ = p.check(now)
		}
		if certain || overdue {
			lost = append(lost, now)
		}
	}
	return lost
}

func TestPeers_BurstOutOfOrderIsNoGap(t *testing.T) {
	for _, spread := range []int{2, 64, 1000, aheadWindow - 1} {
		// Seconds during which there is hardly a moment without a gap.
		p := newPeers(PulseOptions{}.withDefaults())
		if lost := burst(p, 30_000, spread, millisecond/10); lost != nil {
			t.Errorf("overtaken by %d: lost at %v", spread, lost)
		}
		if n := p.known[wire.NodeID{1}]; n.next != 30_001 || n.gap() {
			t.Errorf("overtaken by %d: the account ends as %+v", spread, n)
		}
	}
}

func TestPeers_MissingMessageIsNoticedInABurst(t *testing.T) {
	p := newPeers(PulseOptions{}.withDefaults())
	lost := burst(p, 10_000, 16, millisecond/5, 5000)
	// It would have come after a second, and is waited for half a second.
	if len(lost) != 1 || lost[0] < 1500*millisecond || lost[0] > 1600*millisecond {
		t.Errorf("lost at %v, want once, about 1.5 s after the start", lost)
	}
}

func TestPeers_TooFarAheadIsAGapAtOnce(t *testing.T) {
	p := newPeers(PulseOptions{}.withDefaults())
	id := wire.NodeID{1}
	p.hear(id, 1, 0)
	if p.hear(id, 2+aheadWindow-1, 0) {
		t.Error("the last number of the window is a gap already")
	}
	if !p.hear(id, 2+aheadWindow, 0) {
		t.Error("a number behind the window is no gap")
	}
	if p.hear(id, 3+aheadWindow, 0) || p.hear(id, 2, 0) {
		t.Error("the account has not begun anew")
	}
}

func TestPeers_RepeatedMessageCountsOnce(t *testing.T) {
	p := newPeers(PulseOptions{}.withDefaults())
	id := wire.NodeID{1}
	for _, seq := range []uint64{1, 3, 3, 1, 2, 2, 3, 4} {
		if p.hear(id, seq, 0) {
			t.Errorf("%d is taken for a gap", seq)
		}
	}
	if n := p.known[id]; n.next != 5 || n.ahead != nil {
		t.Errorf("the account ends as %+v", n)
	}
}

func BenchmarkPeers_InOrder(b *testing.B) {
	p := newPeers(PulseOptions{}.withDefaults())
	id := wire.NodeID{1}
	seq := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		seq++
		p.hear(id, seq, 0)
	}
}

// Who only beats more slowly is not silent for that.
func TestPulseOptions_TheDefaultOfSilenceFollowsTheHeartbeat(t *testing.T) {
	for beat, want := range map[time.Duration]time.Duration{
		0: 2500 * time.Millisecond, 100 * time.Millisecond: 2500 * time.Millisecond, 4 * time.Second: 10 * time.Second,
	} {
		o := PulseOptions{Heartbeat: beat}
		if got := o.withDefaults().Silence; got != want || o.Validate() != nil {
			t.Errorf("heartbeat %v: silence %v, %v; want %v", beat, got, o.Validate(), want)
		}
	}
}
