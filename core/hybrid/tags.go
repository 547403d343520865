// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

// RemoveByTag removes the entries with any of the tags, however many, of all views,
// from every level and node; a load under way for one of them is stored nowhere. It takes
// the same time for one entry as for a million: the tag gets a new mark, and
// entries under an old one are not valid any more.
func (s *Stack) RemoveByTag(ctx context.Context, tags ...string) (core.Outcome, error) {
	return s.renewTags(ctx, core.OpRemove, false, tags)
}

// ExpireByTag is [Stack.RemoveByTag] for the logical life: fail-safe can still
// serve the entries.
func (s *Stack) ExpireByTag(ctx context.Context, tags ...string) (core.Outcome, error) {
	return s.renewTags(ctx, core.OpExpire, true, tags)
}

// Clear removes everything in the stack, of all views, from every level and
// node, as [Stack.RemoveByTag] does. It touches nothing on the server that is
// not the stack's, and scans nothing.
func (s *Stack) Clear(ctx context.Context) (core.Outcome, error) {
	return s.renew(ctx, core.OpRemove, false, "")
}

// ExpireAll ends the logical life of everything in the stack; fail-safe can
// still serve it.
func (s *Stack) ExpireAll(ctx context.Context) (core.Outcome, error) {
	return s.renew(ctx, core.OpExpire, true, "")
}

func (s *Stack) renewTags(ctx context.Context, op core.Op, soft bool, tags []string) (core.Outcome, error) {
	for i := range tags { // one by one: how many an entry may have is no matter here
		if err := core.ValidateTags(tags[i : i+1]); err != nil {
			return 0, &core.Error{Op: op, Err: err}
		}
	}
	worst := core.Committed
	var errs []error
	for _, t := range tags {
		outcome, err := s.renew(ctx, op, soft, t)
		errs = append(errs, err)
		if outcome == 0 {
			return 0, errors.Join(errs...)
		}
		worst = max(worst, outcome)
	}
	return worst, errors.Join(errs...)
}

func (s *Stack) renew(ctx context.Context, op core.Op, soft bool, tag string) (core.Outcome, error) {
	err := ctx.Err()
	if s.closed.Load() {
		err = core.ErrClosed
	}
	if err != nil {
		return 0, &core.Error{Op: op, Err: err}
	}
	o := s.Defaults()
	outcome, err := s.writer.Renew(ctx, tag, soft, &o)
	if err != nil {
		return outcome, &core.Error{Op: op, Err: err}
	}
	return outcome, nil
}
