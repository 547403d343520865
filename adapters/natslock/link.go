// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natslock

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/internal/natslink"
)

// maxCalls is how many calls may be under way, those included that wait for a lock.
const maxCalls = 1 << 16

var errTTL = errors.New("ttl must be positive")

// call runs op with a context that ends with ctx or when the connection breaks: then
// an answer that was on its way does not come, nor the message of a release. It
// leaves op behind then, as that may be stuck in the connection.
func call[T any](ctx context.Context, l *Locker, ttl time.Duration, op func(context.Context) (T, error)) (T, error) {
	var none T
	if ttl <= 0 {
		return none, cmp.Or(ctx.Err(), errTTL)
	}
	if err := cmp.Or(ctx.Err(), l.guard.Err()); err != nil {
		return none, err
	}
	return natslink.Call(ctx, l.guard, true, op)
}
