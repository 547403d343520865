// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

const (
	pollStep = 10 * time.Millisecond // between two reads while waiting for an end
	opTime   = 30 * time.Second      // for a call that has no reason to take long
	keyLife  = 5 * time.Minute       // of keys whose end is not the question
)

// probe is one run of one law: a fresh layer and the means to ask it.
type probe struct {
	tb       testing.TB
	ctx      context.Context
	h        Harness
	layer    core.DistributedLayer
	id       string        // makes keys unique on a shared server
	advanced time.Duration // how far Advance has moved the server's time
}

func newProbe(tb testing.TB, h Harness) *probe {
	tb.Helper()
	return &probe{tb: tb, ctx: tb.Context(), h: h, layer: h.New(tb), id: rand.Text()[:16]}
}

// key returns a plain key of this run.
func (p *probe) key(name string) string { return p.id + name }

func (p *probe) set(key string, data []byte, ttl time.Duration) error {
	ctx, cancel := context.WithTimeout(p.ctx, opTime)
	defer cancel()
	if err := p.layer.Set(ctx, key, data, ttl); err != nil {
		return fmt.Errorf("set %s to %d bytes for %v: %w", short(key), len(data), ttl, err)
	}
	return nil
}

func (p *probe) get(key string) (data []byte, ok bool, err error) {
	ctx, cancel := context.WithTimeout(p.ctx, opTime)
	defer cancel()
	data, ok, err = p.layer.Get(ctx, key)
	if err != nil {
		return nil, false, fmt.Errorf("get %s: %w", short(key), err)
	}
	return data, ok, nil
}

func (p *probe) delete(key string) error {
	ctx, cancel := context.WithTimeout(p.ctx, opTime)
	defer cancel()
	if err := p.layer.Delete(ctx, key); err != nil {
		return fmt.Errorf("delete %s: %w", short(key), err)
	}
	return nil
}

func (p *probe) wantValue(key string, want []byte) error {
	got, ok, err := p.get(key)
	switch {
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("get %s is a miss, want %s", short(key), excerpt(want))
	case !bytes.Equal(got, want):
		return fmt.Errorf("get %s = %s, want %s", short(key), excerpt(got), excerpt(want))
	}
	return nil
}

func (p *probe) wantMiss(key string) error {
	got, ok, err := p.get(key)
	switch {
	case err != nil:
		return err
	case ok:
		return fmt.Errorf("get %s = %s, want a miss", short(key), excerpt(got))
	}
	return nil
}

// setAndRead stores data and expects it back.
func (p *probe) setAndRead(key string, data []byte) error {
	if err := p.set(key, data, keyLife); err != nil {
		return err
	}
	return p.wantValue(key, data)
}

// now is the server's time as far as differences matter.
func (p *probe) now() time.Time { return time.Now().Add(p.advanced) }

// pass lets d of the server's time go by.
func (p *probe) pass(d time.Duration) {
	if p.h.Advance != nil {
		p.h.Advance(d)
		p.advanced += d
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.ctx.Done():
	}
}

// short quotes a key and leaves out the middle of a long one.
func short(key string) string {
	if len(key) <= 64 {
		return fmt.Sprintf("%q", key)
	}
	return fmt.Sprintf("%q...%q (%d bytes)", key[:24], key[len(key)-24:], len(key))
}

func excerpt(data []byte) string {
	if len(data) <= 32 {
		return fmt.Sprintf("%q", data)
	}
	return fmt.Sprintf("%q... (%d bytes)", data[:32], len(data))
}
