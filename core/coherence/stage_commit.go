// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// Commit returns the stage that stores what the factory made on every level and
// tells the other nodes, as long as the flight's token is valid. It belongs
// inside the flight, so that it happens once, and after a soft timeout too; and
// outside of the factory's deadline, which must not cut it short. Whatever comes
// from inside of it is stored.
func Commit(w *Writer) core.Stage {
	return func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			res, err := next(ctx, r)
			if err != nil || res.Entry == nil {
				return res, err
			}
			w.fill(ctx, r, res.Entry)
			return res, nil
		}
	}
}
