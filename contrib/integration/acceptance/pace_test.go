// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"sync"
	"testing"
	"time"
)

// machine is watched while the tests run.
var machine pace

// pace knows when, and for how long at once, this process stood still because its
// machine was busy with it or with other things: a goroutine that wants a processor
// every millisecond notes how long it had to wait for one.
type pace struct {
	mu     sync.Mutex
	last   time.Time // when it had a processor
	stalls [4096]stall
	next   int // place of the next stall
}

// stall is a time of standing still.
type stall struct {
	end  time.Time
	took time.Duration
}

const (
	paceStep = time.Millisecond

	// hops is how often what a call does needs a processor: in the client, the proxy, the
	// server, and all the way back.
	hops = 6
)

// watch starts the watch; what it returns ends it.
func (p *pace) watch() (stop func()) {
	end := make(chan struct{})
	var running sync.WaitGroup
	p.tick(time.Now())
	running.Go(func() {
		tick := time.NewTicker(paceStep)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				p.tick(time.Now())
			}
		}
	})
	return func() {
		close(end)
		running.Wait()
	}
}

func (p *pace) tick(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if took := now.Sub(p.last) - paceStep; !p.last.IsZero() && took > paceStep/2 {
		p.stalls[p.next%len(p.stalls)] = stall{now, took}
		p.next++
	}
	p.last = now
}

// worst is the longest time of standing still that ended after begin, or goes on.
func (p *pace) worst(begin time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	most := max(0, time.Since(p.last)-paceStep)
	for i := p.next - 1; i >= max(0, p.next-len(p.stalls)); i-- {
		s := p.stalls[i%len(p.stalls)]
		if s.end.Before(begin) {
			break
		}
		most = max(most, min(s.took, s.end.Sub(begin)))
	}
	return most
}

// since is how long something took that began then, without what a busy machine may
// have added to it. On a quiet machine that is nearly nothing.
func since(begin time.Time) time.Duration {
	took := time.Since(begin)
	return max(0, took-hops*machine.worst(begin))
}

// timed is how long a call takes, as since has it.
func timed(call func()) time.Duration {
	begin := time.Now()
	call()
	return since(begin)
}

func TestPace_TakesOffWhatTheMachineTook(t *testing.T) {
	begin := time.Now()
	p := pace{last: begin}
	for _, ms := range []time.Duration{1, 2, 32, 33} {
		p.tick(begin.Add(ms * time.Millisecond))
	}
	p.last = time.Now()
	for from, want := range map[time.Duration]time.Duration{0: 29, 20: 12, 32: 0, 33: 0} {
		if got := p.worst(begin.Add(from * time.Millisecond)); got != want*time.Millisecond {
			t.Errorf("from %d ms on: %v, want %d ms", from, got, want)
		}
	}
}
