// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func propagation(ctx context.Context, r *Run) (*report.Section, error) {
	s := &report.Section{
		Name: "propagation", Title: "Propagation to another node",
		Text: "From the call of Remove until the other node has dropped its copy, beside a bare message on the same transport from publishing until it is received, in turns. " +
			"In a burst, 100,000 keys are removed as fast as one goroutine can, which waits for each message to be taken or, with BackgroundWrites, does not; at the end the other node has none of them.",
	}
	table := report.Table{Header: []string{"", "p50", "p99", "bare p50", "bare p99", "burst of 100,000, s", "of that in Remove, s", "in the background, s", "of that in Remove, s"}}
	for _, transport := range []transport{redisTransport(r), natsTransport(r)} {
		r.Log("propagation: %s", transport.name)
		if err := propagate(ctx, r, s, &table, transport); err != nil {
			return nil, fmt.Errorf("%s: %w", transport.name, err)
		}
	}
	s.Tables = append(s.Tables, table)
	return s, nil
}

// transport is what messages travel by.
type transport struct {
	name string
	bus  func() (core.Backplane, func(), error)
	// bare subscribes to a channel and returns how to publish to it; received is
	// called for every message.
	bare func(ctx context.Context, received func()) (publish func() error, end func(), err error)
}

func redisTransport(r *Run) transport {
	return transport{
		name: "Redis",
		bus: func() (core.Backplane, func(), error) {
			bus, client, err := newBus(r, "propagation")
			return bus, func() { _ = client.Close() }, err
		},
		bare: func(ctx context.Context, received func()) (func() error, func(), error) {
			client, err := newClient(r)
			if err != nil {
				return nil, nil, err
			}
			sub := client.Subscribe(ctx, "bare")
			if _, err := sub.Receive(ctx); err != nil {
				return nil, nil, errors.Join(err, client.Close())
			}
			go func() {
				for {
					if _, err := sub.ReceiveMessage(ctx); err != nil {
						return
					}
					received()
				}
			}()
			publish := func() error {
				return client.Publish(ctx, "bare", "message of some 60 bytes, as long as one of the backplane").Err()
			}
			return publish, func() { _, _ = sub.Close(), client.Close() }, nil
		},
	}
}

func natsTransport(r *Run) transport {
	return transport{
		name: "NATS",
		bus: func() (core.Backplane, func(), error) {
			conn, err := nats.Connect(r.NATS)
			if err != nil {
				return nil, nil, err
			}
			bus, err := natsbus.New(conn, "propagation", nil)
			return bus, conn.Close, err
		},
		bare: func(_ context.Context, received func()) (func() error, func(), error) {
			in, err1 := nats.Connect(r.NATS)
			out, err2 := nats.Connect(r.NATS)
			if err := errors.Join(err1, err2); err != nil {
				return nil, nil, err
			}
			if _, err := in.Subscribe("bare", func(*nats.Msg) { received() }); err != nil {
				return nil, nil, err
			}
			publish := func() error {
				return out.Publish("bare", []byte("message of some 60 bytes, as long as one of the backplane"))
			}
			return publish, func() { in.Close(); out.Close() }, in.Flush()
		},
	}
}

// pair is two nodes on one transport.
type pair struct {
	here, there *hybrid.Cache[int]
	dropped     chan struct{} // one for each message that the other node has applied
	ends        []func()
}

func newPair(t transport) (*pair, error) {
	p := &pair{dropped: make(chan struct{}, 1)}
	for _, side := range []**hybrid.Cache[int]{&p.here, &p.there} {
		bus, end, err := t.bus()
		if err != nil {
			return nil, err
		}
		memory, err := ottermem.New(&ottermem.Options{MaxEntries: 300_000})
		if err != nil {
			return nil, err
		}
		stack, err := hybrid.New(hybrid.Options{Memory: memory, Backplane: bus, Name: "propagation"})
		if err != nil {
			return nil, err
		}
		p.ends = append(p.ends, func() { _ = stack.Close(context.Background()); end() })
		if *side, err = hybrid.Of[int](stack, "numbers", core.TTL(time.Hour)); err != nil {
			return nil, err
		}
	}
	p.there.Stack().Events().Listen("benchmark", core.MessageReceived, func(ev core.Event) {
		if ev.Key == "" {
			return
		}
		select {
		case p.dropped <- struct{}{}:
		default:
		}
	})
	return p, nil
}

func (p *pair) close() {
	for _, end := range p.ends {
		end()
	}
}

func propagate(ctx context.Context, r *Run, s *report.Section, table *report.Table, t transport) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p, err := newPair(t)
	if err != nil {
		return err
	}
	defer p.close()
	came := make(chan struct{}, 1)
	publish, end, err := t.bare(ctx, func() { came <- struct{}{} })
	if err != nil {
		return err
	}
	defer end()
	if !eventually(func() bool { return timed(p.dropped, p.removal(ctx)) > 0 }) {
		return errors.New("the nodes do not hear of each other")
	}
	var ours, bare []float64
	for range pick(r, 5000, 500) {
		a, b := timed(p.dropped, p.removal(ctx)), timed(came, publish)
		if a == 0 || b == 0 {
			return errors.New("a message did not come")
		}
		ours, bare = append(ours, a), append(bare, b)
	}
	whole, called, lost, err := p.burst(ctx)
	if err != nil {
		return err
	}
	behind, passed, lostBehind, err := p.burst(ctx, core.BackgroundWrites(true))
	if err != nil {
		return err
	}
	q := measure.Quantile[float64]
	table.Add(t.name, micros(q(ours, 0.5)), micros(q(ours, 0.99)), micros(q(bare, 0.5)), micros(q(bare, 0.99)), whole.Seconds(), called.Seconds(), behind.Seconds(), passed.Seconds())
	s.Budgets = append(s.Budgets,
		report.Budget{What: "propagation, " + t.name + ": p50 by the bare transport", Got: q(ours, 0.5) / q(bare, 0.5), Most: 1.3, Bound: boundPropagation},
		report.Budget{What: "propagation, " + t.name + ": p99 by the bare transport", Got: q(ours, 0.99) / q(bare, 0.99), Most: 2, Bound: boundLate},
		report.Budget{What: "propagation, " + t.name + ": lost of two bursts of 100000", Got: float64(lost + lostBehind)})
	return nil
}

func micros(ns float64) string { return fmt.Sprintf("%.0f µs", ns/1e3) }

func (p *pair) removal(ctx context.Context) func() error {
	return func() error {
		_, err := p.here.Remove(ctx, "key")
		return err
	}
}

// timed returns the nanoseconds from the call until something is heard; 0 if nothing
// is.
func timed(heard chan struct{}, call func() error) float64 {
	select {
	case <-heard: // late
	default:
	}
	began := time.Now()
	if call() != nil {
		return 0
	}
	select {
	case <-heard:
		return float64(time.Since(began))
	case <-time.After(time.Second):
		return 0
	}
}

// burst removes 100,000 keys here, waits until there are none there, and returns how
// many stay.
func (p *pair) burst(ctx context.Context, opts ...core.Option) (whole, called time.Duration, lost int, err error) {
	const n = 100_000
	for i := range n {
		_, _ = p.there.Set(ctx, load.Key(i), i)
	}
	if !eventually(func() bool { return timed(p.dropped, p.removal(ctx)) > 0 }) {
		return 0, 0, 0, errors.New("the nodes do not hear of each other")
	}
	began := time.Now()
	for i := range n {
		if _, err := p.here.Remove(ctx, load.Key(i), opts...); err != nil {
			return 0, 0, 0, err
		}
	}
	called = time.Since(began)
	left := make([]int, n)
	for i := range left {
		left[i] = i
	}
	eventually(func() bool {
		left = slices.DeleteFunc(left, func(i int) bool {
			_, ok, _ := p.there.Get(ctx, load.Key(i))
			return !ok
		})
		return len(left) == 0
	})
	return time.Since(began), called, len(left), nil
}
