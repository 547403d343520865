// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisstream

import (
	"context"
	"fmt"

	"github.com/fusioncache-go/fusioncache/backplanes/internal/redisconn"
)

// failure makes the error of a method: it names operation and stream, wraps the
// context's error if the context is done, and holds no secret.
func (b *Backplane) failure(ctx context.Context, op string, err error) error {
	redisconn.SuspectTopology(ctx, b.client, err)
	return fmt.Errorf("redisstream: %s %q: %w", op, b.stream, redisconn.Failure(ctx, err))
}
