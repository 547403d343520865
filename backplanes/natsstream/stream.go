// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsstream

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrStream is wrapped by the errors about a stream on which this backplane
// cannot work. Trying again does not help.
var ErrStream = errors.New("unsuitable stream")

// find returns the stream and its present state, and creates it if need be.
func (b *Backplane) find(ctx context.Context) (jetstream.Stream, error) {
	stream, err := b.js.Stream(ctx, b.config.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = b.js.CreateStream(ctx, b.config)
	}
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		stream, err = b.js.Stream(ctx, b.config.Name) // another node was faster, with other options
	}
	if err != nil {
		return nil, err
	}
	return stream, b.suits(stream.CachedInfo().Config)
}

// suits returns everything because of which the backplane cannot work on a
// stream.
func (b *Backplane) suits(c jetstream.StreamConfig) error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("%w %q: "+format, append([]any{ErrStream, c.Name}, args...)...))
		}
	}
	need(slices.Equal(c.Subjects, []string{b.subject}), "its subjects are %q, not only %q", c.Subjects, b.subject)
	need(c.Retention == jetstream.LimitsPolicy, "it drops messages that somebody has had (retention %v)", c.Retention)
	need(c.Discard == jetstream.DiscardOld, "when full it refuses new messages instead of dropping old ones (discard policy new)")
	need(c.Mirror == nil && len(c.Sources) == 0, "it copies other streams")
	need(!c.Sealed && !c.NoAck, "it is sealed or acknowledges nothing")
	return errors.Join(errs...)
}

// transient reports whether an error may pass by itself.
func transient(err error) bool {
	if errors.Is(err, ErrStream) {
		return false
	}
	api, ok := errors.AsType[*jetstream.APIError](err)
	return !ok || api.Code == 503 || api.ErrorCode == jetstream.JSErrCodeStreamNotFound
}
