// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fusioncache-go/fusioncache/core"
)

// maxBatch is how many keys go into one call of the distributed layer.
const maxBatch = 1000

// foundMany is what Read returns for one of many keys.
type foundMany struct {
	Found
	seen  core.Seen // what Found.Seen points to
	asked asking
	same  *core.Meta // of the copy in memory that the layer still holds: nothing was read
	err   error
}

// readMany is read for many keys, in one call of the layer if that can.
func (s *Shared) readMany(ctx context.Context, keys []string, asked core.Instant, out []foundMany) {
	full := prefixed(s.prefix, keys)
	all := s.getMany(ctx, full)
	offset := s.clock.Offset()
	for i := range all {
		f := &out[i]
		f.Found, f.err = s.found(full[i], &all[i], asked, offset, &f.seen)
	}
}

// prefixed returns keys with a prefix, all of them in one piece.
func prefixed(prefix string, keys []string) []string {
	size := 0
	for _, key := range keys {
		size += len(prefix) + len(key)
	}
	var text strings.Builder
	text.Grow(size)
	out := make([]string, len(keys))
	for i, key := range keys {
		begin := text.Len()
		text.WriteString(prefix)
		text.WriteString(key)
		out[i] = text.String()[begin:]
	}
	return out
}

// getMany gets full keys.
func (s *Shared) getMany(ctx context.Context, full []string) []core.Got {
	if len(full) <= maxBatch {
		return s.getBatch(ctx, full)
	}
	out := make([]core.Got, 0, len(full))
	for some := range slices.Chunk(full, maxBatch) {
		out = append(out, s.getBatch(ctx, some)...)
	}
	return out
}

// headersOf gets the headers of keys. Of a layer that cannot read them, which only it
// knows if it is a wrapper, there are none.
func (s *Shared) headersOf(ctx context.Context, keys []string) []core.Got {
	out := make([]core.Got, 0, len(keys))
	for full := range slices.Chunk(prefixed(s.prefix, keys), maxBatch) {
		some, err := s.headers.ReadHeaders(ctx, full)
		if errors.Is(err, errors.ErrUnsupported) {
			return make([]core.Got, len(keys))
		}
		if err == nil && len(some) != len(full) {
			err = fmt.Errorf("%d headers for %d keys", len(some), len(full))
		}
		if err != nil {
			some = slices.Repeat([]core.Got{{Err: err}}, len(full))
		}
		out = append(out, some...)
	}
	return out
}

func (s *Shared) getBatch(ctx context.Context, full []string) []core.Got {
	err := errors.ErrUnsupported
	if many, ok := core.As[core.BatchReader](s.layer); ok && len(full) > 1 {
		var out []core.Got
		if out, err = many.GetMany(ctx, full); err == nil && len(out) == len(full) {
			return out
		} else if err == nil {
			err = fmt.Errorf("%d answers for %d keys", len(out), len(full))
		}
	}
	out := make([]core.Got, len(full))
	if errors.Is(err, errors.ErrUnsupported) {
		together(len(full), func(i int) { out[i].Data, out[i].OK, out[i].Err = s.layer.Get(ctx, full[i]) })
		return out
	}
	for i := range out {
		out[i].Err = err
	}
	return out
}

// readMarks reads the marks of tags, zero for one that is not there or cannot be
// read now.
func (s *Shared) readMarks(ctx context.Context, tags []string) []placed {
	full := prefixed(s.markPrefix, tags)
	out := make([]placed, len(tags))
	for i, got := range s.getMany(ctx, full) {
		if got.OK && got.Err == nil {
			out[i] = s.parseMark(tags[i], got.Data)
		}
	}
	return out
}

// batches reports whether the layer takes many writes in one call.
func (s *Shared) batches() bool {
	_, ok := core.As[core.BatchArbiter](s.layer)
	return ok && s.arbiter != nil
}

// writeMany is Write for many keys, in one call of the layer if that can.
func (s *Shared) writeMany(ctx context.Context, puts []put) []core.Ruled {
	out := make([]core.Ruled, 0, len(puts))
	for len(puts) > 0 {
		n := min(len(puts), maxBatch)
		out = append(out, s.writeBatch(ctx, puts[:n])...)
		puts = puts[n:]
	}
	return out
}

func (s *Shared) writeBatch(ctx context.Context, puts []put) []core.Ruled {
	out, err := s.arbitrateBatch(ctx, puts)
	if err == nil {
		return out
	}
	out = make([]core.Ruled, len(puts))
	if errors.Is(err, errors.ErrUnsupported) {
		together(len(puts), func(i int) { out[i].Ruling, out[i].Err = s.Write(ctx, puts[i]) })
		return out
	}
	for i := range out {
		out[i].Err = s.failed(core.OpSet, puts[i].key, err)
	}
	return out
}

func (s *Shared) arbitrateBatch(ctx context.Context, puts []put) ([]core.Ruled, error) {
	many, ok := core.As[core.BatchArbiter](s.layer)
	if !ok || len(puts) < 2 || slices.ContainsFunc(puts, func(p put) bool { return !s.orders(p) }) {
		return nil, errors.ErrUnsupported
	}
	writes := make([]core.KeyWrite, len(puts))
	for i, p := range puts {
		writes[i].Write, writes[i].Key = s.frame(p)
	}
	out, err := many.ArbitrateMany(ctx, writes)
	if err == nil && len(out) != len(puts) {
		err = fmt.Errorf("%d rulings on %d writes", len(out), len(puts))
	}
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Ruling, out[i].Err = s.ruled(puts[i], out[i].Ruling, out[i].Err)
	}
	return out, nil
}
