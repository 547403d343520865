// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"
	"fmt"

	"github.com/fusioncache-go/fusioncache/core"
)

// maxBatch is how many keys go into one call of the distributed layer.
const maxBatch = 1000

// foundMany is what Read returns for one of many keys.
type foundMany struct {
	Found
	err error
}

// readMany is Read for many keys, in one call of the layer if that can.
func (s *Shared) readMany(ctx context.Context, keys []string) []foundMany {
	asked := s.clock.Now()
	full := make([]string, len(keys))
	for i, key := range keys {
		full[i] = s.prefix + key
	}
	out := make([]foundMany, len(keys))
	for i, got := range s.getMany(ctx, full) {
		out[i].Found, out[i].err = s.found(keys[i], got, asked)
	}
	return out
}

// getMany gets full keys.
func (s *Shared) getMany(ctx context.Context, full []string) []core.Got {
	out := make([]core.Got, 0, len(full))
	for len(full) > 0 {
		n := min(len(full), maxBatch)
		out = append(out, s.getBatch(ctx, full[:n])...)
		full = full[n:]
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

// readMarks reads the generations of tags, zero for one that is not there or
// cannot be read now.
func (s *Shared) readMarks(ctx context.Context, tags []string) []core.Generation {
	full := make([]string, len(tags))
	for i, tag := range tags {
		full[i] = s.markPrefix + tag
	}
	out := make([]core.Generation, len(tags))
	for i, got := range s.getMany(ctx, full) {
		if got.OK && got.Err == nil {
			out[i], _ = s.parseMark(tags[i], got.Data)
		}
	}
	return out
}
