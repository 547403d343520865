// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

// Of the methods for many keys, reads are for several keys here and writes for one:
// those that have to wait for several keys do so on as many goroutines, and which of
// them goes first would be another one each time.

// widen gives a read up to two other keys.
func (c *client) widen(n *node, o *op) {
	for range 2 {
		key := c.dice.IntN(c.run.plan.Keys)
		if key == o.Key || o.part(key) != o {
			continue
		}
		other := &op{serial: o.serial, lane: o.lane, choice: o.choice}
		other.Action, other.Client, other.Node, other.Life, other.Key = o.Action, o.Client, o.Node, o.Life, key
		other.Deadline, other.Detail = o.Deadline, o.Detail
		other.began = n.conditions(other)
		o.others = append(o.others, other)
	}
}

// getMany reads the keys of an operation and of its others.
func (c *client) getMany(ctx context.Context, n *node, o *op) {
	parts := append([]*op{o}, o.others...)
	var names []string
	for _, p := range parts {
		names = append(names, keyNames[p.Key])
	}
	found, err := n.cache.GetMany(ctx, names, c.options(o)...)
	var each core.KeyErrors[string]
	single := errors.As(err, &each)
	for _, p := range parts {
		name := keyNames[p.Key]
		v, ok := found[name]
		p.Value = v
		switch {
		case single:
			p.Answered(ok, each[name])
		default:
			p.Answered(ok, err)
		}
	}
}

// answered takes over what is known of the call only when it has returned.
func (o *op) answered(call *op) {
	o.From, o.To, o.Lost, o.unanswered = call.From, call.To, call.Lost, call.unanswered
	if o.Lost {
		o.Status = call.Status
	}
}
