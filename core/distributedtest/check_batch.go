// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// batchSize is more than an adapter has hands for at once.
const batchSize = 120

// reading is a way to read one key, and one to read many that must be like it.
type reading struct {
	name string
	one  func(ctx context.Context, key string) (data []byte, ok bool, err error)
	many func(ctx context.Context, keys []string) ([]core.Got, error)
}

func (p *probe) readMany(r reading, keys []string) ([]core.Got, error) {
	ctx, cancel := context.WithTimeout(p.ctx, opTime)
	defer cancel()
	out, err := r.many(ctx, keys)
	if err == nil && len(out) != len(keys) {
		err = fmt.Errorf("%d outcomes", len(out))
	}
	if err != nil {
		return nil, fmt.Errorf("%s, %d keys: %w", r.name, len(keys), err)
	}
	return out, nil
}

func checkBatchGet(p *probe) error {
	b := p.reader()
	if b == nil {
		return nil // law Abilities reports it
	}
	return p.readAlike(reading{"get many", p.layer.Get, b.GetMany})
}

func checkBatchHeaders(p *probe) error {
	b := p.headerReader()
	a, ok := core.As[core.Arbiter](p.layer)
	if b == nil || !ok {
		return nil // law Abilities reports it
	}
	return p.readAlike(reading{"read many headers", a.ReadHeader, b.ReadHeaders})
}

// readAlike reads many keys, of which some are not there and some values are empty,
// and then each by itself.
func (p *probe) readAlike(r reading) error {
	if _, err := p.readMany(r, nil); err != nil {
		return err
	}
	keys := make([]string, batchSize)
	for i := range keys {
		keys[i] = p.key(fmt.Sprint("many", i*7%batchSize))
		value := fmt.Append(nil, "value of ", i)
		switch i % 6 {
		case 1:
			value = nil
		case 2:
			value = writeOf(core.Force, core.ValueWrite, uint64(i), value).Data
		}
		if i%3 != 0 { // the others are never set
			if err := p.set(keys[i], value, keyLife); err != nil {
				return err
			}
		}
	}
	out, err := p.readMany(r, keys)
	if err != nil {
		return err
	}
	for i, got := range out {
		ctx, cancel := context.WithTimeout(p.ctx, opTime)
		data, ok, err := r.one(ctx, keys[i])
		cancel()
		if !bytes.Equal(got.Data, data) || got.OK != ok || (got.Err == nil) != (err == nil) {
			return fmt.Errorf("%s, %s: %s, %t, %v, but alone: %s, %t, %v",
				r.name, short(keys[i]), excerpt(got.Data), got.OK, got.Err, excerpt(data), ok, err)
		}
		whole := got.Data[:cap(got.Data)]
		for j := range whole {
			whole[j] = 0xff // it is the caller's
		}
	}
	return nil
}

// checkBatchArbitrate makes the same writes in a batch and, in other places, one by
// one.
func checkBatchArbitrate(p *probe) error {
	b := p.batchArbiter()
	a, ok := core.As[core.Arbiter](p.layer)
	if b == nil || !ok {
		return nil // law Abilities reports it
	}
	if err := p.decideAlike(a, b, nil, nil); err != nil {
		return err
	}
	random := newWrites()
	places := make([][]byte, batchSize/10)
	for range decideSteps {
		writes, twins := make([]core.KeyWrite, len(places)), make([]string, len(places))
		for i := range places {
			twins[i] = p.key(fmt.Sprint("one", i))
			writes[i] = core.KeyWrite{Key: p.key(fmt.Sprint("many", i)), Write: random.next(places[i])}
			if d := writes[i].Decide(places[i]); d.Store {
				places[i] = d.Data
			}
		}
		if err := p.decideAlike(a, b, writes, twins); err != nil {
			return err
		}
	}
	if err := p.batchLives(a, b); err != nil {
		return err
	}
	return p.batchNotice(a, b)
}

// arbitrateMany gives copies of writes away, and writes into them afterwards.
func (p *probe) arbitrateMany(b core.BatchArbiter, writes []core.KeyWrite) ([]core.Ruled, error) {
	ctx, cancel := context.WithTimeout(p.ctx, opTime)
	defer cancel()
	given := slices.Clone(writes)
	for i, w := range given {
		given[i].Write = copyOf(w.Write)
	}
	out, err := b.ArbitrateMany(ctx, given)
	for i, w := range given {
		scribble(w.Data)
		scribble(w.Expect)
		given[i] = core.KeyWrite{}
	}
	if err == nil && len(out) != len(writes) {
		err = fmt.Errorf("%d outcomes", len(out))
	}
	if err != nil {
		return nil, fmt.Errorf("arbitrate many, %d writes: %w", len(writes), err)
	}
	return out, nil
}

func copyOf(w core.Write) core.Write {
	w.Data, w.Expect = bytes.Clone(w.Data), bytes.Clone(w.Expect)
	return w
}

// decideAlike makes writes as a batch, and each in the place of its twin, and compares
// what is there then.
func (p *probe) decideAlike(a core.Arbiter, b core.BatchArbiter, writes []core.KeyWrite, twins []string) error {
	if err := p.ruleAlike(a, b, writes, twins); err != nil {
		return err
	}
	return p.holdAlike(writes, twins)
}

func (p *probe) ruleAlike(a core.Arbiter, b core.BatchArbiter, writes []core.KeyWrite, twins []string) error {
	out, err := p.arbitrateMany(b, writes)
	if err != nil {
		return err
	}
	for i, got := range out {
		given := copyOf(writes[i].Write)
		want, err := p.arbitrate(a, twins[i], given)
		if err != nil {
			return err
		}
		scribble(given.Data)
		scribble(given.Expect)
		if got.Err != nil || got.Ruling != want {
			return fmt.Errorf("arbitrate many, write %d, %s: ruling %+v, %v, but arbitrate: %+v", i, describe(writes[i].Write), got.Ruling, got.Err, want)
		}
	}
	return nil
}

func (p *probe) holdAlike(writes []core.KeyWrite, twins []string) error {
	for i, w := range writes {
		one, _, err := p.get(twins[i])
		if err != nil {
			return err
		}
		if err := p.wantValueOrMiss(w.Key, one); err != nil {
			return fmt.Errorf("after arbitrate many, and arbitrate of the same: %w", err)
		}
	}
	return nil
}

func (p *probe) wantValueOrMiss(key string, want []byte) error {
	if want == nil {
		return p.wantMiss(key)
	}
	return p.wantValue(key, want)
}

// batchLives makes writes that end and some that do not, most of them in the place of
// another, and compares what is left when those have ended.
func (p *probe) batchLives(a core.Arbiter, b core.BatchArbiter) error {
	ttl := p.shortLife()
	lasting, before := writeOf(core.Force, core.ValueWrite, 4, []byte("lasting")), writeOf(core.Force, core.ValueWrite, 6, nil)
	mortal, replacing := lasting, lasting
	mortal.TTL, mortal.TombstoneTTL, replacing.TTL, before.TTL = ttl, ttl, ttl, ttl
	doubtful := writeOf(core.Replay, core.ValueWrite, 2, []byte("a value"))
	doubtful.Skew, doubtful.TombstoneTTL = time.Second, ttl
	var writes []core.KeyWrite
	var twins []string
	for i, life := range []struct{ first, then core.Write }{
		{then: mortal}, {lasting, mortal}, {before, lasting}, {writeOf(core.Force, core.ValueWrite, 1, nil), doubtful},
		{writeOf(core.Force, core.TombstoneWrite, 5, nil), replacing},
	} {
		key, twin := p.key(fmt.Sprint("life", i)), p.key(fmt.Sprint("onelife", i))
		for _, place := range []string{key, twin} {
			if life.first.TTL == 0 {
				continue
			}
			if _, err := p.arbitrate(a, place, life.first); err != nil {
				return err
			}
		}
		writes, twins = append(writes, core.KeyWrite{Key: key, Write: life.then}), append(twins, twin)
	}
	if err := p.ruleAlike(a, b, writes, twins); err != nil {
		return err
	}
	p.pass(p.roundUp(ttl) + p.h.Slack)
	return p.holdAlike(writes, twins)
}

// batchNotice has a notice for a server that nobody knows.
func (p *probe) batchNotice(a core.Arbiter, b core.BatchArbiter) error {
	w := writeOf(core.Force, core.ValueWrite, 1, []byte("body"))
	notified := w
	notified.Notice = &core.Notice{Outlet: core.Outlet{Server: new(int), Channel: "channel"}, Message: []byte("message")}
	writes := []core.KeyWrite{{Key: p.key("silent"), Write: w}, {Key: p.key("notified"), Write: notified}}
	return p.decideAlike(a, b, writes, []string{p.key("onesilent"), p.key("onenotified")})
}
