// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package shield

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/abilities"
)

// Distributed returns d behind a shield that names the plugins around d, with the
// abilities of d; without plugins it returns d. events may be nil.
func Distributed(d core.DistributedLayer, plugins []string, events *core.Events) core.DistributedLayer {
	if len(plugins) == 0 {
		return d
	}
	s := &distributed{layer: d, guard: newGuard(plugins, events)}
	s.arbiter, _ = core.As[core.Arbiter](d)
	s.pinger, _ = core.As[core.Pinger](d)
	return abilities.Like(d, s)
}

type distributed struct {
	guard
	layer   core.DistributedLayer
	arbiter core.Arbiter
	pinger  core.Pinger
}

func (s *distributed) Get(ctx context.Context, key string) (data []byte, ok bool, err error) {
	defer s.catch(&err)
	return s.layer.Get(ctx, key)
}

func (s *distributed) Set(ctx context.Context, key string, data []byte, ttl time.Duration) (err error) {
	defer s.catch(&err)
	return s.layer.Set(ctx, key, data, ttl)
}

func (s *distributed) Delete(ctx context.Context, key string) (err error) {
	defer s.catch(&err)
	return s.layer.Delete(ctx, key)
}

func (s *distributed) Ping(ctx context.Context) (err error) {
	defer s.catch(&err)
	return s.pinger.Ping(ctx)
}

func (s *distributed) Arbitrate(ctx context.Context, key string, w core.Write) (ruling core.Ruling, err error) {
	defer s.catch(&err)
	return s.arbiter.Arbitrate(ctx, key, w)
}

func (s *distributed) ReadHeader(ctx context.Context, key string) (header []byte, ok bool, err error) {
	defer s.catch(&err)
	return s.arbiter.ReadHeader(ctx, key)
}

func (s *distributed) GetMany(ctx context.Context, keys []string) (out []core.Got, err error) {
	defer s.catch(&err)
	return abilities.GetMany(ctx, s.layer, keys)
}

func (s *distributed) ReadHeaders(ctx context.Context, keys []string) (out []core.Got, err error) {
	defer s.catch(&err)
	return abilities.ReadHeaders(ctx, s.layer, keys)
}

func (s *distributed) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) (out []core.Ruled, err error) {
	defer s.catch(&err)
	return abilities.ArbitrateMany(ctx, s.layer, writes)
}
