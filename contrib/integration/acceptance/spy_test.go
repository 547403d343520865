// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// spy counts what a node asks of its distributed layer about entries; what it
// asks about marks, every few seconds, is left out.
type spy struct {
	core.DistributedLayer
	reads, headers, writes atomic.Int64
	done                   atomic.Int64 // writes that have succeeded

	hangReads, hangWrites atomic.Bool // until the end of the caller's context

	// poison, if it is there, is a key of view "v" that the server never takes.
	poison atomic.Pointer[string]

	// afterWrite, if it is there, is called after each write that succeeds.
	afterWrite atomic.Pointer[func()]
}

// seen returns the spy as a layer with the abilities of what is behind it.
func (s *spy) seen() core.DistributedLayer {
	if a, ok := core.As[core.Arbiter](s.DistributedLayer); ok {
		return arbiterSpy{s, a}
	}
	return s
}

// Unwrap leads to abilities that are not counted.
func (s *spy) Unwrap() core.DistributedLayer { return s.DistributedLayer }

// Get implements core.DistributedLayer.
func (s *spy) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := count(ctx, &s.reads, key, &s.hangReads); err != nil {
		return nil, false, err
	}
	return s.DistributedLayer.Get(ctx, key)
}

// Set implements core.DistributedLayer.
func (s *spy) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	if err := count(ctx, &s.writes, key, &s.hangWrites); err != nil {
		return err
	}
	err := s.DistributedLayer.Set(ctx, key, data, ttl)
	s.written(key, err)
	return err
}

// Delete implements core.DistributedLayer.
func (s *spy) Delete(ctx context.Context, key string) error {
	if err := count(ctx, &s.writes, key, &s.hangWrites); err != nil {
		return err
	}
	return s.DistributedLayer.Delete(ctx, key)
}

func (s *spy) written(key string, err error) {
	if err == nil && isEntry(key) {
		s.done.Add(1)
	}
	if hook := s.afterWrite.Load(); hook != nil && err == nil && isEntry(key) {
		(*hook)()
	}
}

// arbiterSpy is a spy on a layer that orders writes.
type arbiterSpy struct {
	*spy
	arbiter core.Arbiter
}

// Arbitrate implements core.Arbiter.
func (s arbiterSpy) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if err := count(ctx, &s.writes, key, &s.hangWrites); err != nil {
		return core.Ruling{}, err
	}
	if p := s.poison.Load(); p != nil && strings.HasSuffix(key, ":v:"+*p) {
		return core.Ruling{}, errBoom
	}
	r, err := s.arbiter.Arbitrate(ctx, key, w)
	s.written(key, err)
	return r, err
}

// ArbitrateMany implements core.BatchArbiter, which all layers here do.
func (s arbiterSpy) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	out := make([]core.Ruled, len(writes))
	var healthy []core.KeyWrite
	var places []int
	for i, w := range writes {
		if out[i].Err = count(ctx, &s.writes, w.Key, &s.hangWrites); out[i].Err != nil {
			continue
		}
		if p := s.poison.Load(); p != nil && strings.HasSuffix(w.Key, ":v:"+*p) {
			out[i].Err = errBoom
			continue
		}
		healthy, places = append(healthy, w), append(places, i)
	}
	many, _ := core.As[core.BatchArbiter](s.DistributedLayer)
	ruled, err := many.ArbitrateMany(ctx, healthy)
	for n, r := range ruled {
		out[places[n]] = r
		s.written(healthy[n].Key, r.Err)
	}
	return out, err
}

// GetMany implements core.BatchReader, which all layers here do.
func (s arbiterSpy) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	for _, key := range keys {
		if err := count(ctx, &s.reads, key, &s.hangReads); err != nil {
			return nil, err
		}
	}
	many, _ := core.As[core.BatchReader](s.DistributedLayer)
	return many.GetMany(ctx, keys)
}

// ReadHeader implements core.Arbiter.
func (s arbiterSpy) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	if err := count(ctx, &s.headers, key, &s.hangReads); err != nil {
		return nil, false, err
	}
	return s.arbiter.ReadHeader(ctx, key)
}

// count notes an operation and waits, if it is to hang.
func count(ctx context.Context, n *atomic.Int64, key string, hang *atomic.Bool) error {
	if isEntry(key) {
		n.Add(1)
	}
	if !hang.Load() {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

// isEntry tells entries from marks, by the documented layout of keys.
func isEntry(key string) bool { return strings.Contains(key, ":1:e:") }

// hangingBus is a backplane whose methods can hang.
type hangingBus struct {
	core.Backplane
	apart              bool // from the distributed layer: messages do not travel with writes
	sent               atomic.Int64
	publish, subscribe atomic.Bool
}

// Outlet implements core.OutletOwner.
func (b *hangingBus) Outlet() core.Outlet {
	if owner, ok := b.Backplane.(core.OutletOwner); ok && !b.apart {
		return owner.Outlet()
	}
	return core.Outlet{}
}

// Publish implements core.Backplane.
func (b *hangingBus) Publish(ctx context.Context, msg []byte) error {
	if m, err := wire.ParseMessage(msg); err != nil || m.Kind != wire.MessageHeartbeat {
		b.sent.Add(1)
	}
	if b.publish.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return b.Backplane.Publish(ctx, msg)
}

// Subscribe implements core.Backplane.
func (b *hangingBus) Subscribe(ctx context.Context, s core.Subscriber) error {
	if b.subscribe.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return b.Backplane.Subscribe(ctx, s)
}
