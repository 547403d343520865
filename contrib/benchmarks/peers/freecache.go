// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers

import (
	"bytes"
	"context"
	"sync"
	"unsafe"

	"github.com/coocood/freecache"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
)

// memoryFor returns how many bytes hold count entries of any kind of value.
func memoryFor[V any](c Config[V]) int {
	if c.Memory > 0 {
		return c.Memory
	}
	sample, err := c.Load(context.Background(), load.Key(0))
	if err != nil {
		return 0
	}
	data, err := msgpack.Marshal(&sample)
	if err != nil {
		return 0
	}
	// freecache takes no entry above a 1024th of its memory.
	return max(c.Capacity*(len(data)+160), 2048*len(data), 512<<10)
}

// freecachePlain is what one writes without thinking of it.
type freecachePlain[V any] struct {
	cache *freecache.Cache
	load  load.Func[V]
}

func newFreecachePlain[V any](c Config[V]) (Cache[V], error) {
	return freecachePlain[V]{freecache.NewCache(memoryFor(c)), c.Load}, nil
}

// Get implements Cache.
func (f freecachePlain[V]) Get(ctx context.Context, key string) (v V, err error) {
	if data, err := f.cache.Get(unsafe.Slice(unsafe.StringData(key), len(key))); err == nil {
		err = msgpack.Unmarshal(data, &v)
		return v, err
	}
	if v, err = f.load(ctx, key); err != nil {
		return v, err
	}
	data, err := msgpack.Marshal(&v)
	if err != nil {
		return v, err
	}
	return v, f.cache.Set([]byte(key), data, int(ttl.Seconds()))
}

// Close implements Cache.
func (freecachePlain[V]) Close() {}

// freecachePooled has a pool for everything.
type freecachePooled[V any] struct {
	cache *freecache.Cache
	load  load.Func[V]
	pool  sync.Pool // *scratch[V]
}

type scratch[V any] struct {
	buffer  []byte
	reader  bytes.Reader
	decoder *msgpack.Decoder
	value   V
}

func newFreecachePooled[V any](c Config[V]) (Cache[V], error) {
	f := &freecachePooled[V]{cache: freecache.NewCacheCustomTimer(memoryFor(c), freecache.NewCachedTimer()), load: c.Load}
	f.pool.New = func() any {
		return &scratch[V]{buffer: make([]byte, 4096), decoder: msgpack.NewDecoder(nil)}
	}
	return f, nil
}

// Get implements Cache.
func (f *freecachePooled[V]) Get(ctx context.Context, key string) (v V, err error) {
	s := f.pool.Get().(*scratch[V])
	data, err := f.cache.GetWithBuf(unsafe.Slice(unsafe.StringData(key), len(key)), s.buffer)
	if err == nil {
		s.reader.Reset(data)
		s.decoder.Reset(&s.reader)
		err = s.decoder.Decode(&s.value)
		v = s.value
		s.value = *new(V)
		f.pool.Put(s)
		return v, err
	}
	f.pool.Put(s)
	if v, err = f.load(ctx, key); err != nil {
		return v, err
	}
	encoded, err := msgpack.Marshal(&v)
	if err != nil {
		return v, err
	}
	return v, f.cache.Set([]byte(key), encoded, int(ttl.Seconds()))
}

// Close implements Cache.
func (*freecachePooled[V]) Close() {}
