// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/core"
)

const (
	// maxTries is how often a write is tried that meets another one. The pauses
	// take 2 s altogether at the most, on the average half of that.
	maxTries = 64

	maxPause = 32 * time.Millisecond // between two attempts
)

var errContended = errors.New("others write all the time")

// Arbitrate implements [core.Arbiter]: it reads, decides as [core.Write.Decide]
// does, and writes on condition that the last message of the key is still the one
// that was read; if it is not, it begins again. After 64 attempts in vain the
// write fails. It is never put without the condition, not even by force: a version
// that is not above the one that it replaces would be taken for the older one by
// nodes that have heard of both. The mark of a removal made by Delete, or by
// another client of KV, counts as nothing.
func (l *Layer) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	ruling, err := l.arbitrate(ctx, key, w)
	if err != nil {
		return core.Ruling{}, fmt.Errorf("natsdist: arbitrate %q: %w", key, err)
	}
	return ruling, nil
}

// ReadHeader implements [core.Arbiter]. KV knows no shorter read, so the whole
// value is read, with the consistency of Get.
func (l *Layer) ReadHeader(ctx context.Context, key string) (header []byte, ok bool, err error) {
	r, err := l.read(ctx, key)
	if err != nil {
		return nil, false, fmt.Errorf("natsdist: read header %q: %w", key, err)
	}
	return slices.Clone(r.data[:min(len(r.data), core.HeaderSize)]), r.live, nil
}

// arbitrate needs the leader's word only where a replica that is late could do
// harm: a decision to store is proven by the revision, one against it is not.
func (l *Layer) arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	place, err := l.expected(ctx, key, w)
	for tries := 0; err == nil; {
		d := w.Decide(place.data)
		if !d.Store && place.sure {
			return d.Ruling, nil
		}
		if d.Store {
			if err = l.put(ctx, key, d, place.revision); !isConflict(err) {
				return d.Ruling, err
			}
			if tries++; tries == maxTries {
				return core.Ruling{}, errContended
			}
			if err = pause(ctx, tries); err != nil {
				return core.Ruling{}, err
			}
		}
		place, err = l.readLeader(ctx, key)
	}
	return core.Ruling{}, err
}

// expected returns what the first attempt is based on. A fill that saw nothing
// says itself what the place must hold.
func (l *Layer) expected(ctx context.Context, key string, w core.Write) (record, error) {
	if w.Mode == core.Fill && len(w.Expect) == 0 {
		return record{}, l.ready(ctx, key)
	}
	return l.read(ctx, key)
}

// put stores what was decided, on condition that revision is still the last one
// of key.
func (l *Layer) put(ctx context.Context, key string, d core.Decision, revision uint64) error {
	h := lifeHeader(d.TTL)
	h.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(revision, 10))
	_, err := l.write(ctx, key, h, d.Data)
	return err
}

// isConflict reports whether err says that another message came between, or is
// on its way to the replicas.
func isConflict(err error) bool {
	api, _ := errors.AsType[*jetstream.APIError](err)
	return api != nil && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// pause waits at random, not at all after the first attempt, up to 1 ms after the
// second and up to twice as long after each further one, so that those who met do
// not meet again.
func pause(ctx context.Context, tries int) error {
	if tries == 1 {
		return ctx.Err()
	}
	limit := min(time.Millisecond<<min(tries-2, 10), maxPause)
	timer := time.NewTimer(rand.N(limit))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
