// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// call is one method of the contract, reduced to its error and, for one that
// reads, a miss.
type call struct {
	name string
	do   func(ctx context.Context) (miss bool, err error)
}

// calls returns every method of layer, those of its declared abilities included.
// The key has been set before if that is possible.
func (p *probe) calls(layer core.DistributedLayer, key string) []call {
	calls := []call{
		{"Get", func(ctx context.Context) (bool, error) {
			_, ok, err := layer.Get(ctx, key)
			return !ok, err
		}},
		{"Set", func(ctx context.Context) (bool, error) {
			return false, layer.Set(ctx, key, []byte("value"), keyLife)
		}},
		{"Delete", func(ctx context.Context) (bool, error) { return false, layer.Delete(ctx, key) }},
	}
	if pinger, ok := core.As[core.Pinger](layer); ok && p.h.Features.Ping {
		calls = append(calls, call{"Ping", func(ctx context.Context) (bool, error) { return false, pinger.Ping(ctx) }})
	}
	if arbiter, ok := core.As[core.Arbiter](layer); ok && p.h.Features.Arbiter {
		w := writeOf(core.Force, core.ValueWrite, 1, []byte("value"))
		calls = append(calls, call{"Arbitrate", func(ctx context.Context) (bool, error) {
			_, err := arbiter.Arbitrate(ctx, key, w)
			return false, err
		}}, call{"ReadHeader", func(ctx context.Context) (bool, error) {
			_, ok, err := arbiter.ReadHeader(ctx, key)
			return !ok, err
		}})
	}
	return append(calls, p.batchCalls(layer, key)...)
}

func (p *probe) batchCalls(layer core.DistributedLayer, key string) (calls []call) {
	f := p.h.Features
	if reader, ok := core.As[core.BatchReader](layer); ok && f.Batch && p.reader() != nil {
		calls = append(calls, call{"GetMany", readOf(key, reader.GetMany)})
	}
	if reader, ok := core.As[core.BatchHeaderReader](layer); ok && f.BatchHeaders && p.headerReader() != nil {
		calls = append(calls, call{"ReadHeaders", readOf(key, reader.ReadHeaders)})
	}
	if arbiter, ok := core.As[core.BatchArbiter](layer); ok && f.Batch && p.batchArbiter() != nil {
		w := writeOf(core.Force, core.ValueWrite, 1, []byte("value"))
		calls = append(calls, call{"ArbitrateMany", func(ctx context.Context) (bool, error) {
			out, err := arbiter.ArbitrateMany(ctx, []core.KeyWrite{{Key: key, Write: w}})
			if err != nil || len(out) != 1 {
				return false, err
			}
			return false, out[0].Err
		}})
	}
	return calls
}

// readOf reads one key by a way to read many.
func readOf(key string, many func(context.Context, []string) ([]core.Got, error)) func(context.Context) (bool, error) {
	return func(ctx context.Context) (miss bool, err error) {
		out, err := many(ctx, []string{key})
		if err != nil || len(out) != 1 {
			return false, err
		}
		return !out[0].OK, out[0].Err
	}
}

// refused runs c and expects an error.
func (c call) refused(ctx context.Context, state string) error {
	return lawtest.Guard(func() error {
		miss, err := c.do(ctx)
		switch {
		case err != nil:
			return nil
		case miss:
			return fmt.Errorf("%s %s is a miss, want an error", c.name, state)
		}
		return fmt.Errorf("%s %s succeeds, want an error", c.name, state)
	})
}

func checkDoneContext(p *probe) error {
	key := p.key("done")
	if err := p.set(key, []byte("value"), keyLife); err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(p.ctx)
	cancel()
	late, cancelLate := context.WithDeadline(p.ctx, time.Now().Add(-time.Second))
	defer cancelLate()
	var errs []error
	for _, ctx := range []context.Context{cancelled, late} {
		state := "with a done context"
		for _, c := range p.calls(p.layer, key) {
			if err := c.refused(ctx, state); err != nil {
				errs = append(errs, err)
			} else if _, err := c.do(ctx); !errors.Is(err, ctx.Err()) {
				errs = append(errs, fmt.Errorf("%s %s: error %q does not wrap %q", c.name, state, err, ctx.Err()))
			}
		}
	}
	return errors.Join(errs...)
}

func checkAfterClose(p *probe) error {
	return p.checkRefused(p.h.NewClosed(p.tb), "after close")
}

func checkServerDown(p *probe) error {
	return p.checkRefused(p.h.NewDown(p.tb), "with the server down")
}

func (p *probe) checkRefused(layer core.DistributedLayer, state string) error {
	ctx, cancel := context.WithTimeout(p.ctx, opTime)
	defer cancel()
	var errs []error
	for _, c := range p.calls(layer, p.key("refused")) {
		errs = append(errs, c.refused(ctx, state))
	}
	return errors.Join(errs...)
}

func checkServerStalled(p *probe) error {
	layer := p.h.NewStalled(p.tb)
	var errs []error
	for _, c := range p.calls(layer, p.key("stalled")) {
		errs = append(errs, p.checkDeadline(c, 250*time.Millisecond))
	}
	return errors.Join(errs...)
}

// checkDeadline runs c against a server that does not answer. A layer that gives
// up before the deadline, by a limit of its client, is free in its error.
func (p *probe) checkDeadline(c call, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	start := time.Now()
	done := make(chan error, 1)
	go func() {
		var failed error
		broken := lawtest.Guard(func() error {
			_, failed = c.do(ctx)
			return nil
		})
		done <- errors.Join(failed, broken)
	}()
	var err error
	select {
	case err = <-done:
	case <-time.After(limit + p.h.Slack + 30*time.Second):
		return fmt.Errorf("%s does not return: %v after a deadline of %v", c.name, time.Since(start), limit)
	}
	took := time.Since(start)
	switch {
	case err == nil:
		return fmt.Errorf("%s succeeds with a server that does not answer", c.name)
	case took > limit+p.h.Slack:
		return fmt.Errorf("%s returned after %v, the deadline was %v", c.name, took, limit)
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		return fmt.Errorf("%s: error %q does not wrap %q", c.name, err, ctx.Err())
	}
	return nil
}

func checkAbilities(p *probe) error {
	_, pings := core.As[core.Pinger](p.layer)
	_, arbitrates := core.As[core.Arbiter](p.layer)
	return errors.Join(
		declared("Ping", "core.Pinger", p.h.Features.Ping, pings),
		declared("Arbiter", "core.Arbiter", p.h.Features.Arbiter, arbitrates),
		declared("Batch", "core.BatchReader", p.h.Features.Batch, p.reader() != nil),
		declared("Batch", "core.BatchArbiter", p.h.Features.Batch && p.h.Features.Arbiter, p.batchArbiter() != nil),
		declared("BatchHeaders", "core.BatchHeaderReader", p.h.Features.BatchHeaders, p.headerReader() != nil),
	)
}

// reader, headerReader and batchArbiter return the ability of the working layer, or
// nil. They ask, for a wrapper has the methods even if what it wraps has not.
func (p *probe) reader() core.BatchReader {
	if b, ok := core.As[core.BatchReader](p.layer); ok {
		if _, err := b.GetMany(p.ctx, nil); !errors.Is(err, errors.ErrUnsupported) {
			return b
		}
	}
	return nil
}

func (p *probe) headerReader() core.BatchHeaderReader {
	if b, ok := core.As[core.BatchHeaderReader](p.layer); ok {
		if _, err := b.ReadHeaders(p.ctx, nil); !errors.Is(err, errors.ErrUnsupported) {
			return b
		}
	}
	return nil
}

func (p *probe) batchArbiter() core.BatchArbiter {
	if b, ok := core.As[core.BatchArbiter](p.layer); ok {
		if _, err := b.ArbitrateMany(p.ctx, nil); !errors.Is(err, errors.ErrUnsupported) {
			return b
		}
	}
	return nil
}

func declared(feature, ability string, declared, has bool) error {
	switch {
	case has && !declared:
		return fmt.Errorf("the layer implements %s and does not declare it: set Features.%s", ability, feature)
	case !has && declared:
		return fmt.Errorf("the layer declares Features.%s and does not implement %s", feature, ability)
	}
	return nil
}

func checkPing(p *probe) error {
	pinger, ok := core.As[core.Pinger](p.layer)
	if !ok {
		return nil // law Abilities reports it
	}
	ctx, cancel := context.WithTimeout(p.ctx, opTime)
	defer cancel()
	return pinger.Ping(ctx)
}
