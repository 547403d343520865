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

func checkTTLEnds(p *probe) error {
	return p.checkEnds(p.key("ends"), p.shortLife())
}

// checkEnds stores key and reads it until it ends, which must be in time.
func (p *probe) checkEnds(key string, ttl time.Duration) error {
	before := p.now()
	if err := p.set(key, []byte("mortal"), ttl); err != nil {
		return err
	}
	earliest := before.Add(ttl)
	if !p.h.Bubble {
		earliest = earliest.Add(-clockGrain)
	}
	return p.checkEndsBetween(key, earliest, p.now().Add(p.roundUp(ttl)+p.h.Slack), before)
}

func (p *probe) checkEndsBetween(key string, earliest, latest, start time.Time) error {
	for {
		asked := p.now()
		_, ok, err := p.get(key)
		switch {
		case err != nil:
			return err
		case !ok && p.now().Before(earliest):
			return fmt.Errorf("%s ended after %v, should live %v", short(key), p.now().Sub(start), earliest.Sub(start))
		case !ok:
			return nil
		case asked.After(latest):
			return fmt.Errorf("%s is still there after %v, should end by %v", short(key), asked.Sub(start), latest.Sub(start))
		}
		p.pass(pollStep)
	}
}

func checkTTLReplaced(p *probe) error {
	longer, shorter := p.key("longer"), p.key("shorter")
	ttl := p.shortLife()
	err := errors.Join(
		p.set(longer, []byte("old"), ttl), p.set(longer, []byte("new"), keyLife),
		p.set(shorter, []byte("old"), keyLife),
	)
	if err != nil {
		return err
	}
	if err := p.checkEnds(shorter, ttl); err != nil {
		return fmt.Errorf("a shorter ttl: %w", err)
	}
	p.pass(p.h.TTLGranularity/2 + 10*pollStep)
	if err := p.wantValue(longer, []byte("new")); err != nil {
		return fmt.Errorf("a longer ttl: %w", err)
	}
	return nil
}

func checkShortTTL(p *probe) error {
	for _, ttl := range []time.Duration{time.Nanosecond, time.Millisecond + time.Nanosecond, 300 * time.Millisecond} {
		if err := p.checkEnds(p.key("short"+ttl.String()), ttl); err != nil {
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
