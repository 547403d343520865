// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"fmt"

	"github.com/fusioncache-go/fusioncache/core"
)

// batchPort is a connection to a store that takes many keys at once.
type batchPort struct{ *port }

var (
	_ core.BatchReader  = batchPort{}
	_ core.BatchArbiter = batchPort{}

	_ core.BatchHeaderReader = batchPort{}
)

// GetMany implements core.BatchReader.
func (b batchPort) GetMany(ctx context.Context, keys []string) (list []core.Got, err error) {
	err = b.together(ctx, keys, nil, func() string {
		for _, key := range keys {
			data, ok := b.read(key)
			list = append(list, core.Got{Data: data, OK: ok})
		}
		return fmt.Sprint("get many ", keys)
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Data = b.garbled(list[i].Data)
	}
	return list, nil
}

// ReadHeaders implements core.BatchHeaderReader.
func (b batchPort) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	list, err := b.GetMany(ctx, keys)
	for i, got := range list {
		list[i].Data = got.Data[:min(len(got.Data), core.HeaderSize)]
	}
	return list, err
}

// ArbitrateMany implements core.BatchArbiter.
func (b batchPort) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) (list []core.Ruled, err error) {
	b.writes.Add(1)
	var keys []string
	for _, w := range writes {
		keys = append(keys, w.Key)
	}
	err = b.together(ctx, keys, writes, func() string {
		for _, w := range writes {
			list = append(list, core.Ruled{Ruling: b.store.arbitrate(b.port, w.Key, w.Write)})
		}
		return fmt.Sprint("arbitrate many ", keys)
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// together is call for many keys.
func (b batchPort) together(ctx context.Context, keys []string, writes []core.KeyWrite, work func() string) error {
	if len(keys) == 0 {
		return nil
	}
	for _, key := range keys[1:] {
		b.begin(key)
		defer b.end(key)
	}
	return b.call(ctx, keys[0], len(writes) > 0, writes, work)
}
