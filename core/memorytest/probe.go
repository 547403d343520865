// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

const (
	patience = 10 * time.Second // for what the layer does in its own time
	pollStep = 5 * time.Millisecond
	hour     = core.Instant(time.Hour)
)

// probe is one run of one law: a fresh layer and the means to ask it.
type probe struct {
	h     Harness
	layer core.MemoryLayer
}

func newProbe(tb testing.TB, h Harness) *probe {
	tb.Helper()
	return &probe{h: h, layer: h.New(tb)}
}

// meta returns metadata with every field set, another for each n. Of Extra it has
// what is no reason for a layer to treat one entry in another way than the next.
func meta(n int) core.Meta {
	i := core.Instant(n)
	return core.Meta{
		Version: core.Version{Time: 1_700_000_000_000 + int64(n), Tick: 1, Bump: 2, Node: 3, Op: uint64(n)},
		Born:    hour - i, Checked: hour + i, Stale: 2*hour + i, Dead: 4*hour + i, Retry: 3*hour + i,
		Cycles: uint32(n % 5),
		Stamp: &core.Stamp{
			Tags: []string{fmt.Sprint("tag", n)}, Epoch: core.Generation{Hard: 5, Soft: uint64(n)},
			Generations: []core.Generation{{Hard: uint64(n), Soft: 6}}, Marked: uint64(n),
		},
		Extra: &core.Extra{ETag: fmt.Sprint("etag", n), Size: 1},
	}
}

// entry returns an entry of its own for each n: encoded, or for every other n
// live if the layer takes live ones.
func (p *probe) entry(n int) *core.Entry {
	if n%2 == 0 && !p.h.Features.Bytes {
		return core.Live(fmt.Sprint("live value ", n), meta(n))
	}
	return core.Encoded(fmt.Append(nil, "payload ", n), meta(n))
}

func (p *probe) set(key string, e *core.Entry) error {
	if err := p.layer.Set(key, e); err != nil {
		return fmt.Errorf("Set(%s): %w", short(key), err)
	}
	return nil
}

// want expects e for key.
func (p *probe) want(key string, e *core.Entry) error {
	got, ok := p.layer.Get(key)
	if !ok {
		return fmt.Errorf("Get(%s) is a miss, want %s", short(key), describe(e))
	}
	if why := difference(got, e); why != "" {
		return fmt.Errorf("Get(%s) = %s, want %s: %s", short(key), describe(got), describe(e), why)
	}
	return nil
}

func (p *probe) wantMiss(key string) error {
	if got, ok := p.layer.Get(key); ok {
		return fmt.Errorf("Get(%s) = %s, want a miss", short(key), describe(got))
	}
	return nil
}

func (p *probe) setAndRead(key string, e *core.Entry) error {
	if err := p.set(key, e); err != nil {
		return err
	}
	return p.want(key, e)
}

// eventually repeats check until it succeeds or patience ends.
func eventually(check func() error) error {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(pollStep)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return fmt.Errorf("still after %v: %w", patience, err)
		}
	}
}

// difference says what sets got apart from want, or nothing.
func difference(got, want *core.Entry) string {
	switch {
	case got == nil:
		return "the entry is nil"
	case got.Pointer() != want.Pointer():
		return "it is not the same live value"
	case !bytes.Equal(got.Payload(), want.Payload()):
		return "the payload differs"
	case !sameMeta(got.Meta(), want.Meta()):
		return fmt.Sprintf("the metadata is %+v, want %+v", got.Meta(), want.Meta())
	}
	return ""
}

func sameMeta(a, b core.Meta) bool {
	return a.Version == b.Version && a.Born == b.Born && a.Checked == b.Checked &&
		a.Stale == b.Stale && a.Dead == b.Dead && a.Retry == b.Retry &&
		a.Cycles == b.Cycles && reflect.DeepEqual(a.Stamp, b.Stamp) && sameExtra(a.Extra, b.Extra)
}

// sameExtra compares all that there is in bytes too: not which error Missing is.
func sameExtra(a, b *core.Extra) bool {
	return bytes.Equal(a.AppendBinary(nil), b.AppendBinary(nil))
}

func describe(e *core.Entry) string {
	if e == nil {
		return "nil"
	}
	payload := e.Payload()
	switch {
	case e.Pointer() != nil:
		return fmt.Sprintf("a live %T", e.Pointer())
	case len(payload) <= 32:
		return fmt.Sprintf("%q", payload)
	}
	return fmt.Sprintf("%q... (%d bytes)", payload[:32], len(payload))
}

// short quotes a key and leaves out the middle of a long one.
func short(key string) string {
	if len(key) <= 64 {
		return fmt.Sprintf("%q", key)
	}
	return fmt.Sprintf("%q...%q (%d bytes)", key[:24], key[len(key)-24:], len(key))
}

// lener returns the layer's own count; the law Abilities says that it is there.
func (p *probe) lener() (core.Lener, error) {
	l, ok := core.As[core.Lener](p.layer)
	if !ok {
		return nil, errors.New("the layer does not implement core.Lener")
	}
	return l, nil
}

func (p *probe) byteMemory() (core.ByteMemory, error) {
	m, ok := core.As[core.ByteMemory](p.layer)
	if !ok {
		return nil, errors.New("the layer does not implement core.ByteMemory")
	}
	return m, nil
}
