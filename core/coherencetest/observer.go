// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherencetest

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// Observer is a plugin that tells operations where their answers come from and
// whether they are stale. Without it no answer counts as stale or as made by a
// factory, which is right for stacks without fail-safe and factories only. The zero
// value is ready for use; one may serve many stacks.
type Observer struct{}

var _ core.Plugin = Observer{}

// Name implements [core.Plugin].
func (Observer) Name() string { return "coherencetest" }

// Install implements [core.Plugin].
func (Observer) Install(h *core.Host) error {
	h.AddStage(core.Outer, func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			res, err := next(ctx, r)
			if o, ok := ctx.Value(operationKey{}).(*Operation); ok && err == nil {
				o.Stale, o.Level = res.Stale, res.Level
			}
			return res, err
		}
	})
	return nil
}

type operationKey struct{}

// Context returns a context for the call of o, for an [Observer] to find o by.
func (o *Operation) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, operationKey{}, o)
}
