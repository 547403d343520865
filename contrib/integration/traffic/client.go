// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package traffic

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/fusioncache-go/fusioncache/core/coherencetest"
)

// Mood is what clients are like in a round.
type Mood struct {
	Keys   int           // how many are used
	Writes int           // of a thousand operations
	Think  time.Duration // mean pause between two operations
}

// client asks and writes at random on one node.
type client struct {
	*Run
	index int
	node  int
	rng   *rand.Rand
}

// live does one operation after another until stop is closed, or something is
// wrong.
func (c *client) live(ctx context.Context, m Mood, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(c.below(2 * m.Think)):
		}
		if c.Broken() {
			return
		}
		if r := c.draw(m); r.Action.Writes() {
			c.write(ctx, r)
		} else {
			c.do(ctx, c.node, r, &coherencetest.Operation{Client: c.index})
		}
	}
}

func (c *client) below(limit time.Duration) time.Duration {
	return time.Duration(1 + c.rng.Int64N(int64(limit)))
}

func (c *client) draw(m Mood) Request {
	r := Request{Key: c.rng.IntN(m.Keys), Action: coherencetest.Get}
	switch writes := c.rng.IntN(1000) < m.Writes; {
	case writes:
		r.Action, r.Tag = c.drawWrite(), c.rng.IntN(tags)
	case c.rng.IntN(8) < 5:
		r.Action = coherencetest.GetOrSet
		r.Before, r.After = c.slowness(), c.slowness()
	}
	if c.rng.IntN(4) == 0 {
		r.Limit = 20*time.Millisecond + c.below(1500*time.Millisecond)
	}
	return r
}

func (c *client) drawWrite() coherencetest.Action {
	switch n := c.rng.IntN(1000); {
	case n < 650:
		return coherencetest.Set
	case n < 850:
		return coherencetest.Remove
	case n < 970:
		return coherencetest.Expire
	case n < 985:
		return coherencetest.RemoveByTag
	case n < 992:
		return coherencetest.ExpireByTag
	case n < 997:
		return coherencetest.Clear
	}
	return coherencetest.ExpireAll
}

// slowness draws what half of a factory takes: mostly nothing much, sometimes
// seconds.
func (c *client) slowness() time.Duration {
	switch n := c.rng.IntN(100); {
	case n < 2:
		return c.below(2 * time.Second)
	case n < 20:
		return c.below(150 * time.Millisecond)
	}
	return c.below(5 * time.Millisecond)
}

// write changes the source and then the cache. If the cache does not accept it,
// the program has to see to it that nobody goes on with the old value.
func (c *client) write(ctx context.Context, r Request) {
	keys := keysOf(r)
	c.source.take(keys)
	defer c.source.free(keys)
	o := &coherencetest.Operation{Client: c.index, From: c.Now()}
	for _, key := range keys {
		r.Value = c.source.write(key, c.node)
		o.Writes = append(o.Writes, coherencetest.Version{Key: key, Version: r.Value.Version})
	}
	c.do(ctx, c.node, r, o)
	if o.Status == coherencetest.Failed {
		c.mend(ctx, keys)
	}
}

// keysOf returns what a write is about, in ascending order.
func keysOf(r Request) (keys []int) {
	for key := range Keys {
		switch r.Action {
		case coherencetest.RemoveByTag, coherencetest.ExpireByTag:
			if hasTag(key, r.Tag) {
				keys = append(keys, key)
			}
		case coherencetest.Clear, coherencetest.ExpireAll:
			keys = append(keys, key)
		default:
			return []int{r.Key}
		}
	}
	return keys
}
