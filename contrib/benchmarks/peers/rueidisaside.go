// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"
	"github.com/redis/rueidis/rueidisaside"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
)

type aside[V any] struct {
	client rueidisaside.TypedCacheAsideClient[V]
	prefix string // one for each type of values, for they share a server
	load   load.Func[V]
}

func newRueidisAside[V any](c Config[V]) (Cache[V], error) {
	client, err := rueidisaside.NewClient(rueidisaside.ClientOption{
		ClientOption: rueidis.ClientOption{InitAddress: []string{c.Redis}, CacheSizeEachConn: 1 << 30},
	})
	if err != nil {
		return nil, err
	}
	encode := func(v *V) (string, error) {
		data, err := msgpack.Marshal(v)
		return string(data), err
	}
	decode := func(s string) (*V, error) {
		v := new(V)
		return v, msgpack.Unmarshal([]byte(s), v)
	}
	prefix := fmt.Sprintf("%T:", *new(V))
	return aside[V]{rueidisaside.NewTypedCacheAsideClient(client, encode, decode), prefix, c.Load}, nil
}

// Get implements Cache.
func (a aside[V]) Get(ctx context.Context, key string) (v V, err error) {
	p, err := a.client.Get(ctx, ttl, a.prefix+key, func(ctx context.Context, _ string) (*V, error) {
		v, err := a.load(ctx, key)
		return &v, err
	})
	if err != nil {
		return v, err
	}
	return *p, nil
}

// Close implements Cache.
func (a aside[V]) Close() { a.client.Client().Close() }
