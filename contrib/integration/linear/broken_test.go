// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package linear_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// broken is a layer that does one thing wrong.
type broken struct {
	*localdist.Store
	arbitrate func(ctx context.Context, s *localdist.Store, key string, w core.Write) (core.Ruling, error)
	old       *past // nil: reads are right
}

func (b *broken) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if b.old != nil {
		b.old.note(ctx, b.Store, key)
	}
	if b.arbitrate == nil {
		return b.Store.Arbitrate(ctx, key, w)
	}
	return b.arbitrate(ctx, b.Store, key, w)
}

func (b *broken) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if b.old == nil {
		return b.Store.Get(ctx, key)
	}
	data := b.old.of(key)
	return data, data != nil, nil
}

// past is what was there before the last write.
type past struct {
	mu   sync.Mutex
	data map[string][]byte
}

func (p *past) note(ctx context.Context, s *localdist.Store, key string) {
	data, _, _ := s.Get(ctx, key)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.data[key] = data
}

func (p *past) of(key string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.data[key]
}

// brokenLayers do what layers of this kind get wrong.
func brokenLayers(tb testing.TB) map[string]*broken {
	tb.Helper()
	var late sync.WaitGroup
	tb.Cleanup(late.Wait)
	return map[string]*broken{
		"a fill asks nobody": {arbitrate: func(ctx context.Context, s *localdist.Store, key string, w core.Write) (core.Ruling, error) {
			if w.Mode == core.Fill {
				w.Mode = core.Force
			}
			return s.Arbitrate(ctx, key, w)
		}},
		"a fill looks, then stores": {arbitrate: func(ctx context.Context, s *localdist.Store, key string, w core.Write) (core.Ruling, error) {
			if w.Mode != core.Fill {
				return s.Arbitrate(ctx, key, w)
			}
			there, _, err := s.Get(ctx, key)
			d := w.Decide(there)
			pause(2)
			if err == nil && d.Store {
				err = s.Set(ctx, key, d.Data, d.TTL)
			}
			return d.Ruling, err
		}},
		"force returns before it stores": {arbitrate: func(ctx context.Context, s *localdist.Store, key string, w core.Write) (core.Ruling, error) {
			if w.Mode != core.Force {
				return s.Arbitrate(ctx, key, w)
			}
			there, _, err := s.Get(ctx, key)
			late.Go(func() {
				pause(20)
				_, _ = s.Arbitrate(context.WithoutCancel(ctx), key, w)
			})
			return w.Decide(there).Ruling, err
		}},
		"force does not raise the version": {arbitrate: func(ctx context.Context, s *localdist.Store, key string, w core.Write) (core.Ruling, error) {
			if w.Mode != core.Force {
				return s.Arbitrate(ctx, key, w)
			}
			h, _ := core.ParseHeader(w.Data)
			return core.Ruling{Stored: true, Header: h}, s.Set(ctx, key, w.Data, w.TTL)
		}},
		"the client tries again": {arbitrate: func(ctx context.Context, s *localdist.Store, key string, w core.Write) (core.Ruling, error) {
			r, err := s.Arbitrate(ctx, key, w)
			if h, _ := core.ParseHeader(w.Data); h.Op%8 == 0 {
				r, err = s.Arbitrate(ctx, key, w)
			}
			return r, err
		}},
		"a replay always wins": {arbitrate: func(ctx context.Context, s *localdist.Store, key string, w core.Write) (core.Ruling, error) {
			if w.Mode == core.Replay {
				w.Mode = core.Force
			}
			return s.Arbitrate(ctx, key, w)
		}},
		"reads lag": {old: &past{data: map[string][]byte{}}},
	}
}

func TestLinear_FindsLayersThatAreNot(t *testing.T) {
	const attempts = 200
	for name, layer := range brokenLayers(t) {
		t.Run(name, func(t *testing.T) {
			layer.Store = hybrid.Must(localdist.New(nil))
			began := time.Now()
			for seed := range uint64(attempts) {
				ops := record(t.Context(), world{layer: layer}, fmt.Sprint("k", seed), seed+1)
				if verdict, _ := check(ops); verdict == porcupine.Illegal {
					t.Logf("found by history %d, after %v", seed+1, time.Since(began))
					return
				}
			}
			t.Errorf("%d histories found nothing wrong", attempts)
		})
	}
}

// What a layer with late reads writes is in order all the same: a fill that
// expects what is not there any more is refused.
func TestLinear_WritesStandWhereReadsMayLag(t *testing.T) {
	layer := &broken{Store: hybrid.Must(localdist.New(nil)), old: &past{data: map[string][]byte{}}}
	checkAll(t, world{layer: layer, lags: true}, share(t, 4))
}

// An operation that was carried out although it was reported as failed, and one
// that was not, are both in order.
func TestModel_LostAnswersMeanEither(t *testing.T) {
	w := core.Write{Mode: core.Force, Data: core.AppendHeader(nil, core.Header{Version: core.Version{Time: 1, Node: 1, Op: 1}})}
	lost := porcupine.Operation{Input: call{kind: arbitrate, write: w}, Call: 1, Output: answer{lost: true}, Return: 100}
	read := func(at int64, data string) porcupine.Operation {
		return porcupine.Operation{ClientId: 1, Input: call{kind: get}, Call: at, Output: answer{data: data, ok: data != ""}, Return: at + 1}
	}
	for name, c := range map[string]struct {
		ops  []porcupine.Operation
		want porcupine.CheckResult
	}{
		"not carried out":            {[]porcupine.Operation{lost, read(10, "")}, porcupine.Ok},
		"carried out":                {[]porcupine.Operation{lost, read(10, string(w.Data))}, porcupine.Ok},
		"late":                       {[]porcupine.Operation{lost, read(10, ""), read(20, string(w.Data))}, porcupine.Ok},
		"carried out and taken back": {[]porcupine.Operation{lost, read(10, string(w.Data)), read(20, "")}, porcupine.Illegal},
	} {
		if got, _ := check(c.ops); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
