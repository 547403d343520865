// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"errors"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// clockGrain is how much earlier than promised a value may seem to end: a server
// may take the time once for many commands.
const clockGrain = 5 * time.Millisecond

// shortLife is a ttl that is soon over and is no multiple of the layer's unit.
func (p *probe) shortLife() time.Duration {
	return max(400*time.Millisecond, p.h.TTLGranularity*3/2)
}

// roundUp returns ttl as the layer may lengthen it.
func (p *probe) roundUp(ttl time.Duration) time.Duration {
	g := p.h.TTLGranularity
	return (ttl + g - 1) / g * g
}

// checkTTLEnds reads the key all the time, so that a read which renews the ttl
// shows.
func checkTTLEnds(p *probe) error {
	key, ttl := p.key("ends"), p.shortLife()
	before := p.now()
	if err := p.set(key, []byte("mortal"), ttl); err != nil {
		return err
	}
	return p.watchEnd(key, before, ttl)
}

// watchEnd reads a key that was set for ttl between before and now until it ends,
// and expects that to be in time.
func (p *probe) watchEnd(key string, before time.Time, ttl time.Duration) error {
	earliest, latest := before.Add(ttl), p.now().Add(p.roundUp(ttl)+p.h.Slack)
	if !p.h.Bubble {
		earliest = earliest.Add(-clockGrain)
	}
	for {
		asked := p.now()
		_, ok, err := p.get(key)
		switch {
		case err != nil:
			return err
		case !ok && p.now().Before(earliest):
			return fmt.Errorf("%s ended after %v, its ttl is %v", short(key), p.now().Sub(before), ttl)
		case !ok:
			return nil
		case asked.After(latest):
			return fmt.Errorf("%s is still there after %v, its ttl is %v", short(key), asked.Sub(before), ttl)
		}
		p.pass(pollStep)
	}
}

// wantEnd expects that a key just set with ttl ends. It reads as little as
// possible.
func (p *probe) wantEnd(key string, ttl time.Duration) error {
	p.pass(p.roundUp(ttl) + 2*pollStep)
	return p.wantEnded(key)
}

// wantEnded expects that key, whose ttl is over, has ended, or does so within
// the slack.
func (p *probe) wantEnded(key string) error {
	if p.wantMiss(key) == nil {
		return nil
	}
	p.pass(p.h.Slack)
	return p.wantMiss(key)
}

func checkTTLReplaced(p *probe) error {
	longer, shorter := p.key("longer"), p.key("shorter")
	ttl, value := p.shortLife(), []byte("value")
	err := errors.Join(
		p.set(shorter, value, keyLife), p.set(longer, value, ttl),
		p.set(shorter, value, ttl), p.set(longer, value, keyLife),
	)
	if err != nil {
		return err
	}
	if err := p.wantEnd(shorter, ttl); err != nil {
		return fmt.Errorf("replaced by a ttl of %v: %w", ttl, err)
	}
	p.pass(p.h.TTLGranularity / 2)
	if err := p.wantValue(longer, value); err != nil {
		return fmt.Errorf("ttl %v replaced by %v: %w", ttl, keyLife, err)
	}
	return nil
}

func checkShortTTL(p *probe) error {
	for _, ttl := range []time.Duration{time.Nanosecond, time.Millisecond + time.Nanosecond, 300 * time.Millisecond} {
		key := p.key("short" + ttl.String())
		if err := p.set(key, []byte("mortal"), ttl); err != nil {
			return err
		}
		if err := p.wantEnd(key, ttl); err != nil {
			return fmt.Errorf("ttl %v: %w", ttl, err)
		}
	}
	return nil
}

func checkForever(p *probe) error {
	const year = 365 * 24 * time.Hour
	ttls := []time.Duration{core.Forever, core.Forever - 1, 100 * year, 40 * 24 * time.Hour}
	var errs []error
	for _, ttl := range ttls {
		errs = append(errs, p.set(p.key(ttl.String()), []byte("lasting"), ttl))
	}
	if p.h.Bubble || p.h.Advance != nil {
		p.pass(32 * 24 * time.Hour)
	} else {
		p.pass(p.h.TTLGranularity + 10*pollStep)
	}
	for _, ttl := range ttls {
		key := p.key(ttl.String())
		errs = append(errs, p.wantValue(key, []byte("lasting")), p.delete(key))
	}
	return errors.Join(errs...)
}
