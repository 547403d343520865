// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"errors"
	"slices"

	"github.com/fusioncache-go/fusioncache/core"
)

// Of the methods for many keys, reads are for several keys here and the others for one:
// those that have to wait for several keys do so on as many goroutines, and which of
// them goes first would be another one each time. Loose plans have it so: what they find
// may need some tries to be seen again.

// loosen has an operation of a loose plan be about several keys, now and then, or mostly.
func (c *client) loosen(o *op) {
	switch o.Action {
	case doGet, doLoad, doSet, doRemove:
		if p := c.run.plan; p.Loose && (c.dice.IntN(3) == 0 || p.Many && c.dice.IntN(6) != 0) {
			o.choice |= many
		}
	}
}

// widen gives an operation up to two other keys.
func (c *client) widen(o *op) {
	for range 2 {
		key := c.dice.IntN(c.run.plan.Keys)
		if key == o.Key || o.part(key) != o {
			continue
		}
		other := &op{serial: o.serial, lane: o.lane, choice: o.choice}
		other.Action, other.Client, other.Node, other.Key = o.Action, o.Client, o.Node, key
		if o.Action.Writes() {
			other.keys = 1 << key
		}
		o.others = append(o.others, other)
	}
}

// all returns the keys of a write and of its others.
func (o *op) all() (keys keySet) {
	for _, part := range o.parts() {
		keys |= part.keys
	}
	return keys
}

// names returns the names of the keys of an operation and of its others.
func (o *op) names() (names []string) {
	for _, part := range o.parts() {
		names = append(names, keyNames[part.Key])
	}
	return names
}

// tagsOfAll returns the tags of the keys of an operation: a key that is stored with more
// tags than it has is only removed more often.
func (p *Plan) tagsOfAll(o *op) (tags []string) {
	for _, part := range o.parts() {
		for _, tag := range p.tagsOf(part.Key) {
			if !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

// getMany reads the keys of an operation and of its others.
func (c *client) getMany(ctx context.Context, n *node, o *op) {
	found, err := n.cache.GetMany(ctx, o.names(), c.options(o)...)
	o.foundMany(found, err)
}

// loadMany is getMany with a factory.
func (c *client) loadMany(ctx context.Context, n *node, o *op, r recipe) {
	load := func(ctx context.Context, missing []string) (map[string]value, error) {
		return c.run.source.loadMany(ctx, n, missing, r)
	}
	found, err := n.cache.GetOrSetMany(ctx, o.names(), load, c.options(o)...)
	o.foundMany(found, err)
	for _, part := range o.parts() {
		if part.Level == 0 && c.run.world.now() > o.From {
			part.Level = core.LevelFactory // it took its time, and nobody says from where: a load was joined
		}
	}
}

// foundMany takes what a read of many keys has returned.
func (o *op) foundMany(found map[string]value, err error) {
	var each core.KeyErrors[string]
	single := errors.As(err, &each)
	for _, part := range o.parts() {
		name := keyNames[part.Key]
		v, ok := found[name]
		part.Value = v
		if single {
			part.Answered(ok, each[name])
		} else {
			part.Answered(ok, err)
		}
	}
}

// setMany sets the keys of an operation and of its others.
func (c *client) setMany(ctx context.Context, n *node, o *op, opts []core.Option) {
	values := make(map[string]value)
	for _, part := range o.parts() {
		part.Value = value{Key: part.Key, Node: c.node, Version: part.Writes[0].Version, Made: o.From}
		part.Ends = c.run.plan.ends(o.From, opts)
		values[keyNames[part.Key]] = part.Value
	}
	outcome, err := n.cache.SetMany(ctx, values, opts...)
	o.wroteMany(outcome, err)
}

// wroteMany takes what a write of many keys has returned: the worst outcome. What became
// of a key that has an error when one has failed, nobody knows.
func (o *op) wroteMany(outcome core.Outcome, err error) {
	var each core.KeyErrors[string]
	single := errors.As(err, &each)
	for _, part := range o.parts() {
		part.Wrote(outcome, err)
		if outcome != 0 || !single || len(o.others) == 0 {
			continue
		}
		if _, failed := each[keyNames[part.Key]]; failed {
			part.Lost = true
		} else {
			part.Wrote(core.LocalOnly, nil)
		}
	}
}

// answered takes over what is known of the call only when it has returned.
func (o *op) answered(call *op) { o.From, o.To, o.unanswered = call.From, call.To, call.unanswered }

// loadMany is a factory of many keys.
func (s *source) loadMany(ctx context.Context, n *node, names []string, r recipe) (map[string]value, error) {
	out := make(map[string]value)
	for _, name := range names {
		v, err := s.load(ctx, n, int(name[1]-'0'), r)
		if err != nil {
			return nil, err
		}
		out[name] = v
		r.before, r.after = 0, 0
	}
	return out, nil
}
