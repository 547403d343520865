// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package linear_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/fusioncache-go/fusioncache/core"
)

// layer is what is put to the test.
type layer interface {
	core.DistributedLayer
	core.Arbiter
}

// world is a layer whose histories are recorded.
type world struct {
	layer layer

	// cut breaks all connections, for a moment. Nil: there are none.
	cut func()

	// heal waits, after a failure, until the layer can be reached again. Nil: it
	// always can, or connects with the next operation.
	heal func()

	// lags says that reads may be late. They are left out of the history then: what
	// they show still decides what fills expect, and so may not harm.
	lags bool
}

// fate is what becomes of an operation on its way.
type fate uint8

const (
	arrives    fate = iota
	losesCall       // it never gets there
	losesReply      // it is carried out, and reported as failed
	comesLate       // it is reported as failed, and carried out later
	impatient       // its context ends, sooner or later
	disturbed       // the connections break meanwhile
)

// session is one history in the making.
type session struct {
	world
	key    string
	start  time.Time
	faulty bool
	late   sync.WaitGroup
	end    context.Context // of everything

	mu    sync.Mutex
	ops   []porcupine.Operation
	never int // operations that never ended
}

// maxNever is how many operations of a history may never end. Each of them doubles
// the orders to look at; on a machine that is late with everything there would be
// too many: with sixteen, one history in some thousands took longer than fullSearch.
const maxNever = 8

// record lets clients work on one key and returns what they did. The seed gives
// what they want to do; when they do it is up to the machine.
func record(ctx context.Context, w world, key string, seed uint64) []porcupine.Operation {
	rng := rand.New(rand.NewPCG(seed, 0))
	clients, calls := 2+rng.IntN(4), 10+rng.IntN(50)
	if rng.IntN(20) == 0 {
		calls *= 2
	}
	s := &session{world: w, key: key, start: time.Now(), faulty: rng.IntN(3) > 0, end: ctx}
	var all sync.WaitGroup
	for i := range clients {
		c := &client{session: s, id: i, rng: rand.New(rand.NewPCG(seed, uint64(i+1)))}
		all.Go(func() {
			for i := 0; i < calls && !s.unclear(); i++ {
				c.act()
			}
		})
	}
	all.Wait()
	s.late.Wait()
	slices.SortFunc(s.ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	return s.ops
}

// client does one operation after another, as a node would.
type client struct {
	*session
	id   int
	rng  *rand.Rand
	seen []byte // a header from an earlier look
	op   uint64
}

// act does one operation and writes it down, as its fate will have it.
func (c *client) act() {
	in := c.draw()
	called, limit := time.Since(c.start), 10*time.Second
	f := c.fate(in)
	switch f {
	case losesCall:
		c.note(in, answer{lost: true}, called, forever)
		return
	case comesLate:
		pauses := c.rng.IntN(200)
		c.late.Go(func() {
			pause(pauses)
			_, err := c.carryOut(in, limit)
			c.note(in, answer{lost: true}, called, c.now(err))
		})
		return
	case impatient:
		limit = time.Duration(c.rng.IntN(1000)) * time.Microsecond
	case disturbed:
		c.late.Go(c.cut)
	}
	pause(c.rng.IntN(4))
	out, err := c.carryOut(in, limit)
	pause(c.rng.IntN(4))
	switch {
	case err != nil || f == losesReply:
		c.note(in, answer{lost: true}, called, c.now(err))
	default:
		c.learn(in, out)
		c.note(in, out, called, c.now(nil))
	}
	if err != nil && c.heal != nil {
		c.heal()
	}
}

// forever is later than all the rest.
const forever = time.Hour

// now is when an operation has come to its end: one that failed never has. It
// may have been carried out, or be so at any later time.
func (c *client) now(err error) time.Duration {
	if err != nil {
		return forever
	}
	return time.Since(c.start)
}

// note writes an operation down. A read without an answer tells nothing.
func (c *client) note(in call, out answer, called, ended time.Duration) {
	if reads := in.kind == get || in.kind == header; reads && (out.lost || c.lags) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ended == forever {
		c.never++
	}
	c.ops = append(c.ops, porcupine.Operation{
		ClientId: c.id, Input: in, Call: int64(called), Output: out, Return: int64(ended),
	})
}

// unclear reports whether enough operations have never ended.
func (s *session) unclear() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.never >= maxNever
}

// draw chooses an operation.
func (c *client) draw() call {
	switch n := c.rng.IntN(100); {
	case n < 20:
		return call{kind: get}
	case n < 35:
		return call{kind: header}
	case n < 50:
		return c.write(core.Force, core.ValueWrite)
	case n < 60:
		return c.write(core.Force, core.TombstoneWrite)
	case n < 85:
		return c.write(core.Fill, core.FillWrite)
	case n < 88:
		return c.write(core.Fill, core.ValueWrite) // how a life is ended early
	case n < 92:
		return c.write(core.Replay, core.ValueWrite)
	case n < 94:
		return c.write(core.Replay, core.TombstoneWrite)
	case n < 95:
		c.op++
		return call{kind: put, write: core.Write{Data: fmt.Appendf(nil, "foreign %d.%d", c.id, c.op)}}
	}
	return call{kind: remove}
}

// skew is how far the clocks of the clients differ.
const skew = 10 * time.Millisecond

// write makes a write of this client. Its version is sometimes above what is
// there and sometimes not.
func (c *client) write(m core.Mode, k core.WriteKind) call {
	c.op++
	h := core.Header{Kind: k, Version: core.Version{
		Time: 1_700_000_000_000 + int64(c.op) + c.rng.Int64N(20), Tick: c.rng.Uint32N(2),
		Node: uint64(c.id + 1), Op: c.op,
	}}
	data := core.AppendHeader(nil, h)
	if k != core.TombstoneWrite {
		data = fmt.Appendf(data, "value %d.%d", c.id, c.op)
	}
	w := core.Write{Mode: m, Data: data, TTL: time.Hour, Skew: skew, TombstoneTTL: time.Hour}
	if m == core.Fill {
		w.Expect = c.seen
	}
	return call{kind: arbitrate, write: w}
}

// learn remembers, mostly, what is there: later fills expect it. Sometimes it
// does not, so that some leases are old.
func (c *client) learn(in call, out answer) {
	if c.rng.IntN(4) == 0 {
		return
	}
	switch {
	case out.ruling.Header.Node != 0:
		c.seen = core.AppendHeader(nil, out.ruling.Header)
	case parse(out.data) != nil:
		c.seen = []byte(out.data[:core.HeaderSize])
	default:
		c.seen = nil
	}
}

func (c *client) fate(in call) fate {
	n := c.rng.IntN(100)
	switch {
	case !c.faulty:
		return arrives
	case n < 1 && c.cut != nil:
		return disturbed
	case n < 4:
		return impatient
	case in.kind == get || in.kind == header:
		return arrives
	case n < 6:
		return losesCall
	case n < 8:
		return losesReply
	case n < 10:
		return comesLate
	}
	return arrives
}

// pause lets others go first, so that even operations that take a microsecond
// come to overlap.
func pause(times int) {
	for range times {
		runtime.Gosched()
	}
}

func (c *client) carryOut(in call, limit time.Duration) (out answer, err error) {
	ctx, cancel := context.WithTimeout(c.end, limit)
	defer cancel()
	var data []byte
	switch in.kind {
	case get:
		data, out.ok, err = c.layer.Get(ctx, c.key)
	case header:
		data, out.ok, err = c.layer.ReadHeader(ctx, c.key)
	case put:
		err = c.layer.Set(ctx, c.key, in.write.Data, time.Hour)
	case remove:
		err = c.layer.Delete(ctx, c.key)
	default:
		out.ruling, err = c.layer.Arbitrate(ctx, c.key, in.write)
	}
	out.data = string(data)
	return out, err
}
