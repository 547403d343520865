// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// checkArbiterTTL writes, one after another, what ends and what does not, and
// waits once.
func checkArbiterTTL(p *probe, a core.Arbiter) error {
	ttl := p.shortLife()
	doubtful := writeOf(core.Replay, core.ValueWrite, 2, []byte("a value"))
	doubtful.Skew, doubtful.TombstoneTTL = time.Second, ttl
	forever := writeOf(core.Force, core.ValueWrite, 4, []byte("lasting"))
	forever.TTL = core.Forever
	mortal := forever
	mortal.TTL, mortal.TombstoneTTL = ttl, ttl
	replacing, outliving := mortal, mortal
	replacing.TombstoneTTL, outliving.TombstoneTTL = keyLife, core.Forever
	tombstone := writeOf(core.Force, core.TombstoneWrite, 5, nil)

	shorter, longer, doubted, replaced, outlived := p.key("shorter"), p.key("longer"), p.key("doubted"), p.key("replaced"), p.key("outlived")
	for _, step := range []struct {
		key string
		w   core.Write
	}{
		{p.key("forever"), forever}, {shorter, forever}, {longer, mortal}, {longer, forever},
		{doubted, writeOf(core.Force, core.ValueWrite, 1, nil)}, {doubted, doubtful},
		{replaced, tombstone}, {replaced, replacing}, {outlived, tombstone}, {outlived, outliving}, {shorter, mortal},
	} {
		if _, err := p.wantStored(a, step.key, step.w); err != nil {
			return err
		}
	}
	ends := p.key("ends")
	before := p.now()
	if _, err := p.wantStored(a, ends, mortal); err != nil {
		return err
	}
	if err := p.watchEnd(ends, before, ttl); err != nil {
		return err
	}
	errs := []error{p.wantEnded(shorter), p.wantEnded(doubted)}
	if _, ok, err := p.get(replaced); err != nil || !ok {
		errs = append(errs, fmt.Errorf("get %s: %v, %w, though it took the place of a tombstone", short(replaced), ok, err))
	}
	errs = append(errs, p.delete(replaced))
	if p.h.Bubble || p.h.Advance != nil {
		p.pass(32 * 24 * time.Hour)
	}
	for _, key := range []string{p.key("forever"), longer, outlived} {
		if _, ok, err := p.get(key); err != nil || !ok {
			errs = append(errs, fmt.Errorf("get %s: %v, %w, though it was stored for ever", short(key), ok, err))
		}
		errs = append(errs, p.delete(key))
	}
	return errors.Join(errs...)
}

// checkArbiterAbsent brings about nothing in every way in which a place can be
// empty.
func checkArbiterAbsent(p *probe, a core.Arbiter) error {
	never, deleted, ended := p.key("never"), p.key("deleted"), p.key("ended")
	value := writeOf(core.Force, core.ValueWrite, 1, []byte("value"))
	if _, err := p.wantStored(a, deleted, value); err != nil {
		return err
	}
	tomb := writeOf(core.Force, core.TombstoneWrite, 1, nil)
	tomb.TTL = max(p.shortLife(), time.Second) // long enough to be seen
	header, err := p.wantStored(a, ended, tomb)
	if err != nil {
		return err
	}
	naive := writeOf(core.Fill, core.FillWrite, 3, []byte("filled"))
	if err := p.wantRefused(a, ended, naive, header); err != nil {
		return fmt.Errorf("a tombstone is not nothing: %w", err)
	}
	if err := errors.Join(p.delete(deleted), p.wantEnd(ended, tomb.TTL)); err != nil {
		return err
	}
	for _, key := range []string{never, deleted, ended} {
		expecting := naive
		expecting.Expect = tomb.Data
		if key == deleted {
			expecting.Expect = value.Data[:core.HeaderSize]
		}
		err := errors.Join(p.wantRefused(a, key, expecting, core.Header{}), p.wantMiss(key))
		if err != nil {
			return fmt.Errorf("a fill that saw something: %w", err)
		}
		if _, err := p.wantStored(a, key, naive); err != nil {
			return fmt.Errorf("a fill that saw nothing: %w", err)
		}
		if err := p.wantValue(key, naive.Data); err != nil {
			return err
		}
	}
	return nil
}

const leaseRounds = 8

// together has workers arbitrate at the same moment, each a write of its own.
func (p *probe) together(a core.Arbiter, key string, write func(worker int) core.Write) ([]core.Ruling, error) {
	rulings, errs := make([]core.Ruling, workers), make([]error, workers)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			<-start
			errs[i] = lawtest.Guard(func() (err error) {
				rulings[i], err = p.arbitrate(a, key, write(i))
				return err
			})
		})
	}
	close(start)
	all.Wait()
	return rulings, errors.Join(errs...)
}

func bodyOf(worker int) []byte { return fmt.Appendf(nil, "of worker %d", worker) }

// checkConcurrentFills has fills that saw the same race for one place: an empty
// one, one with a value, one with a tombstone.
func checkConcurrentFills(p *probe, a core.Arbiter) error {
	for round := range leaseRounds {
		for _, seen := range []core.WriteKind{0, core.ValueWrite, core.TombstoneWrite} {
			key := p.key(fmt.Sprintf("fills%d-%d", round, seen))
			var expect []byte
			if seen != 0 {
				header, err := p.wantStored(a, key, writeOf(core.Force, seen, 1, nil))
				if err != nil {
					return err
				}
				expect = core.AppendHeader(nil, header)
			}
			rulings, err := p.together(a, key, func(worker int) core.Write {
				w := writeOf(core.Fill, core.FillWrite, uint64(worker)+2, bodyOf(worker))
				w.Expect = expect
				return w
			})
			if err != nil {
				return err
			}
			if err := p.wantOneWinner(key, rulings); err != nil {
				return fmt.Errorf("%d fills that saw %q: %w", workers, expect, err)
			}
		}
	}
	return nil
}

func (p *probe) wantOneWinner(key string, rulings []core.Ruling) error {
	winner := -1
	for i, r := range rulings {
		if r.Stored && winner >= 0 {
			return fmt.Errorf("those of workers %d and %d are both stored", winner, i)
		}
		if r.Stored {
			winner = i
		}
	}
	if winner < 0 {
		return errors.New("none is stored")
	}
	for i, r := range rulings {
		if r.Header != rulings[winner].Header {
			return fmt.Errorf("worker %d is told %+v, the place holds %+v", i, r.Header, rulings[winner].Header)
		}
	}
	return p.wantValue(key, append(core.AppendHeader(nil, rulings[winner].Header), bodyOf(winner)...))
}

// checkConcurrentForces forces writes with versions below what is there, so that
// each must be lifted above the one that it replaces. Two that were lifted above
// the same one show.
func checkConcurrentForces(p *probe, a core.Arbiter) error {
	key := p.key("forces")
	last, err := p.wantStored(a, key, writeOf(core.Force, core.ValueWrite, 1, nil))
	if err != nil {
		return err
	}
	for round := range leaseRounds {
		rulings, err := p.together(a, key, func(worker int) core.Write {
			op := uint64(2 + round*workers + worker)
			return writeOf(core.Force, core.ValueWrite, op, bodyOf(worker))
		})
		if err != nil {
			return err
		}
		highest := 0
		taken := map[core.Version]int{}
		for i, r := range rulings {
			order := r.Header.Version
			order.Node, order.Op = 0, 0
			other, twice := taken[order]
			switch {
			case !r.Stored:
				return fmt.Errorf("the force of worker %d is refused: %+v", i, r)
			case r.Header.Compare(last.Version) <= 0:
				return fmt.Errorf("the force of worker %d has version %+v, an earlier one had %+v", i, r.Header.Version, last.Version)
			case twice:
				return fmt.Errorf("the forces of workers %d and %d were lifted above the same write, to %+v", other, i, order)
			}
			taken[order] = i
			if r.Header.Compare(rulings[highest].Header.Version) > 0 {
				highest = i
			}
		}
		last = rulings[highest].Header
		if err := p.wantValue(key, append(core.AppendHeader(nil, last), bodyOf(highest)...)); err != nil {
			return fmt.Errorf("the highest version is not the last write: %w", err)
		}
	}
	return nil
}
