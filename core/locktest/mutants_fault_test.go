// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locktest_test

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func faultMutants() []mutant {
	return []mutant{
		{"Down", "takes an error for a lock that is held", func(n *node) {
			n.try = func(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
				l, err := n.whole(ctx, name, ttl)
				if errors.Is(err, errDown) {
					err = nil
				}
				return l, err
			}
		}},
		{"Hang", "releases without a deadline", func(n *node) {
			n.lease = func(l *lease) {
				release := l.release
				l.release = func(ctx context.Context) error {
					err := release(ctx)
					if err != nil {
						<-time.After(2 * time.Second)
					}
					return err
				}
			}
		}},
		{"Returns", "gives up for good after an error", func(n *node) {
			var failed atomic.Bool
			n.lease = func(l *lease) {
				l.release = func(ctx context.Context) error {
					if failed.Load() {
						return errDown
					}
					return l.Lease.Release(ctx)
				}
			}
			n.wait = func(ctx context.Context, name string) error {
				err := n.waits(ctx, name)
				failed.Store(failed.Load() || err == nil)
				if failed.Load() {
					return errDown
				}
				return err
			}
		}},
		{"AfterClose", "panics when it is closed", func(n *node) {
			if n.cut.Load() {
				n.try = func(context.Context, string, time.Duration) (core.Lease, error) { panic("closed") }
			}
		}},
	}
}
