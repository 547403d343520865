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
	// maxLost is how often others may come between reading and writing before a
	// write is put without a condition, or given up.
	maxLost = 8

	// maxTries bounds the attempts of a write that meets another one on its way
	// to the replicas, and cannot know yet what that does. At the most they take
	// 2 s altogether, on the average half of that.
	maxTries = 64

	maxPause = 32 * time.Millisecond // between two attempts
)

var errContended = errors.New("others write all the time")

// Arbitrate implements [core.Arbiter]: it reads, decides as [core.Write.Decide]
// does, and writes on condition that the last message of the key is still the one
// that was read; if it is not, it begins again. After others have come between 8
// times a forced write is put without the condition: it is the last one in the
// order of the server, though its version may not be above that of a write which
// came between once more. Other writes then fail. The mark of a removal made by
// Delete, or by another client of KV, counts as nothing.
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
	for tries, lost := 0, 0; err == nil; {
		d := w.Decide(place.data)
		if !d.Store && place.sure {
			return d.Ruling, nil
		}
		if d.Store {
			contended := lost == maxLost || tries == maxTries
			if contended && w.Mode != core.Force {
				return core.Ruling{}, errContended
			}
			err = l.put(ctx, key, d, place.revision, !contended)
			met := meeting(err)
			if met == nobody || contended {
				return d.Ruling, err
			}
			if met == another {
				lost++
			}
			if err = pause(ctx, tries); err != nil {
				return core.Ruling{}, err
			}
			tries++
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
// of key if conditional is true.
func (l *Layer) put(ctx context.Context, key string, d core.Decision, revision uint64, conditional bool) error {
	h := lifeHeader(d.TTL)
	if conditional {
		h.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(revision, 10))
	}
	_, err := l.write(ctx, key, h, d.Data)
	return err
}

// encounter is what a conditional write has met.
type encounter int

const (
	nobody     encounter = iota
	another              // a message that came between
	travelling           // a message on its way to the replicas
)

// meeting returns what the error of a write says that it has met.
func meeting(err error) encounter {
	api, _ := errors.AsType[*jetstream.APIError](err)
	switch {
	case api == nil:
		return nobody
	case api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence:
		return another
	case api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant:
		return travelling
	}
	return nobody
}

// pause waits at random, not at all after the first attempt, up to 1 ms after the
// second and up to twice as long after each further one, so that those who met do
// not meet again.
func pause(ctx context.Context, tries int) error {
	if tries == 0 {
		return ctx.Err()
	}
	limit := min(time.Millisecond<<min(tries-1, 10), maxPause)
	timer := time.NewTimer(rand.N(limit))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
