// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locktest_test

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func waitMutants() []mutant {
	var vain, releases atomic.Int64 // on all nodes
	return []mutant{
		{"WaitFree", "waits for the next release", func(n *node) {
			n.wait = func(ctx context.Context, name string) error {
				<-ctx.Done()
				return ctx.Err()
			}
		}},
		{"WaitRelease", "waits for the end of the ttl", func(n *node) {
			n.wait = func(ctx context.Context, name string) error {
				<-time.After(time.Minute)
				return n.waits(ctx, name)
			}
		}},
		{"WaitDead", "waits for a release only", func(n *node) {
			n.wait = func(ctx context.Context, name string) error {
				l, err := n.service.TryLock(ctx, name, time.Hour)
				if err != nil || l == nil {
					<-ctx.Done()
					return ctx.Err()
				}
				return l.Release(ctx)
			}
		}},
		{"WaitHeld", "returns at once", func(n *node) {
			n.wait = func(context.Context, string) error { return nil }
		}},
		{"WaitContext", "ignores the context", func(n *node) {
			n.wait = func(ctx context.Context, name string) error { return n.waits(context.WithoutCancel(ctx), name) }
		}},
		{"WaitContext", "never ends", func(n *node) {
			n.wait = func(context.Context, string) error {
				<-time.After(endless)
				return nil
			}
		}},
		{"WaitTries", "waits for the lease that somebody wanted", func(n *node) {
			n.try = func(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
				l, err := n.whole(ctx, name, ttl)
				if l == nil {
					vain.Add(1)
				}
				return l, err
			}
			n.wait = func(ctx context.Context, name string) error {
				before := vain.Load()
				err := n.waits(ctx, name)
				if vain.Load() != before {
					<-ctx.Done()
				}
				return cmp.Or(err, ctx.Err())
			}
		}},
		{"WaitOwn", "believes every release", func(n *node) {
			n.lease = func(l *lease) {
				l.release = func(ctx context.Context) error {
					releases.Add(1)
					return l.Lease.Release(ctx)
				}
			}
			n.wait = func(ctx context.Context, name string) error {
				for before := releases.Load(); releases.Load() == before; {
					short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
					err := n.waits(short, name)
					cancel()
					if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
						return err
					}
				}
				return nil
			}
		}},
	}
}
