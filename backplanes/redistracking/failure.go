// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking

import (
	"context"
	"fmt"

	"github.com/fusioncache-go/fusioncache/backplanes/internal/redisconn"
)

// failure makes the error of a method: it names operation and prefixes, wraps the
// context's error if the context is done, and no other context's error, and holds
// no secret.
func (b *Backplane) failure(ctx context.Context, op string, err error) error {
	redisconn.SuspectTopology(ctx, b.client, err)
	return fmt.Errorf("redistracking: %s %q: %w", op, b.prefixes, redisconn.Failure(ctx, err))
}
