// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locktest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/locktest"
)

// mutant is a locker with one defect, which its law must catch.
type mutant struct {
	law    string
	defect string
	breaks func(n *node)
}

func mutants() []mutant {
	return slices.Concat(lockMutants(), leaseMutants(), waitMutants(), faultMutants())
}

func lockMutants() []mutant {
	return []mutant{
		{"Exclusive", "a lock can be taken again", func(n *node) {
			n.try = func(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
				l, err := n.whole(ctx, name, ttl)
				if err == nil && l == nil {
					return n.whole(ctx, name+", once more", ttl)
				}
				return l, err
			}
		}},
		{"OneWinner", "looks first and takes later", func(n *node) {
			n.try = func(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
				l, err := n.service.TryLock(ctx, name, ttl)
				if err != nil || l == nil {
					return nil, err
				}
				_ = l.Release(ctx)
				time.Sleep(time.Millisecond)
				l, err = n.whole(ctx, name, ttl)
				if err == nil && l == nil {
					return n.whole(ctx, name+", once more", ttl)
				}
				return l, err
			}
		}},
		{"Names", "ignores case", func(n *node) {
			n.try = func(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
				return n.whole(ctx, strings.ToLower(name), ttl)
			}
		}},
		{"DoneContext", "ignores the context", func(n *node) {
			n.try = func(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
				return n.whole(context.WithoutCancel(ctx), name, ttl)
			}
		}},
		{"BadTTL", "a ttl of nothing becomes a second", func(n *node) {
			n.try = func(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
				return n.whole(ctx, name, max(ttl, time.Second))
			}
		}},
	}
}

// endless is longer than any law may wait.
const endless = time.Hour

func leaseMutants() []mutant {
	ttl := func(change func(time.Duration) time.Duration) func(n *node) {
		return func(n *node) {
			n.try = func(ctx context.Context, name string, d time.Duration) (core.Lease, error) {
				return n.whole(ctx, name, change(d))
			}
		}
	}
	renews := func(change func(time.Duration) time.Duration) func(n *node) {
		return func(n *node) {
			n.lease = func(l *lease) {
				l.renew = func(ctx context.Context, d time.Duration) error { return l.Lease.Renew(ctx, change(d)) }
			}
		}
	}
	last := map[string]core.Lease{} // that was taken, on whichever node
	fences := map[string]uint64{}
	return []mutant{
		{"ReleaseFrees", "Release does nothing", func(n *node) {
			n.lease = func(l *lease) { l.release = func(context.Context) error { return nil } }
		}},
		{"ReleaseOwn", "Release ends whatever lease there is", func(n *node) {
			n.lease = func(l *lease) {
				last[l.name] = l.Lease
				l.release = func(ctx context.Context) error { return last[l.name].Release(ctx) }
			}
		}},
		{"LeaseEnds", "leases never end", ttl(func(d time.Duration) time.Duration { return 100 * d })},
		{"LeaseEnds", "leases last five seconds more", ttl(func(d time.Duration) time.Duration { return d + 5*time.Second })},
		{"LeaseLasts", "leases end early", ttl(func(d time.Duration) time.Duration { return d / 2 })},
		{"RenewExtends", "Renew does nothing", renews(func(time.Duration) time.Duration { return 500 * time.Millisecond })},
		{"RenewEnds", "Renew forgets the ttl", renews(func(time.Duration) time.Duration { return 100 * time.Hour })},
		{"RenewEnds", "renewed leases last five seconds more", renews(func(d time.Duration) time.Duration { return d + 5*time.Second })},
		{"RenewLost", "Renew of a lost lease frees the lock of its holder", func(n *node) {
			n.lease = func(l *lease) {
				last[l.name] = l.Lease
				l.renew = func(ctx context.Context, d time.Duration) error {
					err := l.Lease.Renew(ctx, d)
					if errors.Is(err, core.ErrLeaseLost) {
						_ = last[l.name].Release(ctx)
					}
					return err
				}
			}
		}},
		{"RenewLost", "Renew tells nobody that the lease is lost", func(n *node) {
			n.lease = func(l *lease) {
				l.renew = func(ctx context.Context, d time.Duration) error {
					err := l.Lease.Renew(ctx, d)
					if errors.Is(err, core.ErrLeaseLost) {
						return nil
					}
					return err
				}
			}
		}},
		{"Fence", "fences are counted by each node", func(n *node) {
			var count uint64
			n.lease = func(l *lease) {
				count++
				own := count
				l.fence = func() uint64 { return own }
			}
		}},
		{"Fence", "fences begin again when a lease was not released", func(n *node) {
			n.lease = func(l *lease) {
				fences[l.name]++
				own, release := fences[l.name], l.release
				l.fence = func() uint64 { return own }
				fences[l.name] = 0
				l.release = func(ctx context.Context) error {
					fences[l.name] = own
					return release(ctx)
				}
			}
		}},
	}
}

func TestMutants_EachBreaksItsLaw(t *testing.T) {
	for _, m := range mutants() {
		t.Run(m.law+"/"+m.defect, func(t *testing.T) {
			if got := brokenLaws(t, &rig{breaks: m.breaks}); !slices.Contains(got, m.law) {
				t.Errorf("broken laws: got %v, want %v among them", got, m.law)
			}
		})
	}
}

func TestMutants_EveryLawHasOne(t *testing.T) {
	for _, law := range locktest.Laws() {
		if !slices.ContainsFunc(mutants(), func(m mutant) bool { return m.law == law.Name }) {
			t.Errorf("no mutant proves law %s", law.Name)
		}
	}
}

func TestReference_KeepsEveryLaw(t *testing.T) {
	if got := brokenLaws(t, &rig{}); len(got) > 0 {
		t.Errorf("broken laws: %v", got)
	}
}

func TestHarness_MissingPartsMustBeDeclared(t *testing.T) {
	bare := func(h *locktest.Harness) {
		open := h.New
		h.New = func(tb testing.TB) locktest.Service { return locktest.Service{Node: open(tb).Node} }
	}
	want := []string{"Down", "Hang", "Returns", "AfterClose"}
	if got := brokenLaws(t, &rig{change: bare}); !slices.Equal(got, want) {
		t.Errorf("missing and not declared: broken laws %v, want %v", got, want)
	}
	declared := func(h *locktest.Harness) {
		bare(h)
		h.Features = locktest.Features{NoClose: true, NoCut: true}
	}
	if got := brokenLaws(t, &rig{change: declared}); len(got) > 0 {
		t.Errorf("missing and declared: broken laws %v, want none", got)
	}
	none := func(h *locktest.Harness) { *h = locktest.Harness{} }
	if got := brokenLaws(t, &rig{change: none}); len(got) != len(locktest.Laws()) {
		t.Errorf("without New: broken laws %v, want all", got)
	}
}

// brokenLaws checks all laws, each in its own bubble, and returns the names of
// those that fail.
func brokenLaws(t *testing.T, r *rig) (names []string) {
	t.Helper()
	for _, law := range locktest.Laws() {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			err := locktest.Check(t, law, r.harness())
			if took := time.Since(start); took > endless/10 {
				t.Errorf("%s takes %v", law.Name, took)
			}
			if err != nil && !errors.Is(err, locktest.ErrNotApplicable) {
				t.Logf("%s: %v", law.Name, err)
				names = append(names, law.Name)
			}
			time.Sleep(endless) // until a call that the law has given up on has returned
		})
	}
	return names
}
