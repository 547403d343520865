// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSeed_ST1_ThousandCallersMakeOneLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[string](t, hybrid.Options{})
		f := &F[string]{delay: 50 * time.Millisecond, results: []func() (string, error){returns("v")}}
		start := time.Now()
		crowd(1000, func(int) {
			v, err := c.GetOrSet(t.Context(), "k", f.load)
			if v != "v" || err != nil || time.Since(start) != 50*time.Millisecond {
				t.Errorf("got %q, %v after %v", v, err, time.Since(start))
			}
		})
		expectCalls(t, f, 1)
	})
}

// In real time: the race is between a result and those who come for it.
func TestSeed_ST2_NobodyMissesTheResult(t *testing.T) {
	rounds, callers := 1000, 200
	if testing.Short() {
		rounds = 100
	}
	c := open[int](t, hybrid.Options{})
	f := &F[int]{results: []func() (int, error){returns(1)}}
	bad := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
	for round := range rounds {
		key := fmt.Sprint(round)
		crowd(callers, func(int) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			if round%2 == 0 {
				if v, err := c.GetOrSet(ctx, key, f.load); v != 1 || err != nil {
					t.Errorf("round %d: got %d, %v", round, v, err)
				}
			} else if _, err := c.GetOrSet(ctx, key, bad.load); !errors.Is(err, errBoom) {
				t.Errorf("round %d: got %v", round, err)
			}
		})
	}
}

func TestSeed_ST2_NobodyIsStuckWhileEntriesComeAndGo(t *testing.T) {
	callers, calls := 200, 1200
	if testing.Short() {
		calls = 100
	}
	c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Millisecond}})
	f := &F[int]{delay: time.Millisecond, results: []func() (int, error){returns(1)}}
	crowd(callers, func(int) {
		for range calls {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if v, err := c.GetOrSet(ctx, "k", f.load); v != 1 || err != nil {
				t.Errorf("got %d, %v", v, err)
			}
			cancel()
		}
	})
}

func TestSeed_ST3_AFailureIsSharedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		f := &F[int]{delay: 100 * time.Millisecond, results: []func() (int, error){fails[int](errBoom)}}
		start := time.Now()
		crowd(1000, func(int) {
			_, err := c.GetOrSet(t.Context(), "k", f.load)
			if !errors.Is(err, errBoom) || time.Since(start) != 100*time.Millisecond {
				t.Errorf("got %v after %v", err, time.Since(start))
			}
		})
		expectCalls(t, f, 1)
	})
}

func TestSeed_ST5_LeaderMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		f := &F[int]{delay: 50 * time.Millisecond, results: []func() (int, error){returns(1)}}
		start := time.Now()
		leader, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		crowd(10, func(i int) {
			if i > 0 {
				time.Sleep(time.Millisecond)
				if v, err := c.GetOrSet(t.Context(), "k", f.load); v != 1 || err != nil || time.Since(start) != 50*time.Millisecond {
					t.Errorf("waiter got %d, %v after %v", v, err, time.Since(start))
				}
				return
			}
			if _, err := c.GetOrSet(leader, "k", f.load); !errors.Is(err, context.Canceled) || time.Since(start) != 10*time.Millisecond {
				t.Errorf("leader got %v after %v", err, time.Since(start))
			}
		})
		expectCalls(t, f, 1)
	})
}

func TestSeed_ST5_LeaderThatWasAloneLeavesNothingPoisoned(t *testing.T) {
	for _, cancels := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{CancelOnTimeout: cancels}})
			f := &F[int]{delay: 50 * time.Millisecond, results: []func() (int, error){returns(1)}}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			if _, err := c.GetOrSet(ctx, "k", f.load); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			time.Sleep(10 * time.Millisecond)
			start := time.Now()
			ask(t, c, f)
			if d := time.Since(start); d > 50*time.Millisecond {
				t.Errorf("the next caller waited %v", d)
			}
		})
	}
}

func TestSeed_ST6_CrashReachesEveryCallerAsAnError(t *testing.T) {
	for name, crash := range map[string]func() (int, error){
		"panic":   panics[int]("x"),
		"goexit":  exits[int](),
		"FailNow": func() (int, error) { new(testing.B).FailNow(); return 0, nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := open[int](t, hybrid.Options{})
				f := &F[int]{delay: time.Second, results: []func() (int, error){crash, returns(1)}}
				crowd(10, func(int) {
					_, err := c.GetOrSet(t.Context(), "k", f.load)
					p, ok := errors.AsType[*core.PanicError](err)
					if !ok || !strings.Contains(string(p.Stack), "load") {
						t.Errorf("got %#v", err)
					}
					if ok && p.Value != "x" && p.Value != core.ErrGoexit {
						t.Errorf("value %v", p.Value)
					}
				})
				expectAsk(t, c, f, 1, 2)
			})
		})
	}
}

func TestSeed_ST7_OtherKeysAreNotHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		slow := &F[int]{delay: 10 * time.Second}
		var blocked sync.WaitGroup
		blocked.Go(func() { _, _ = c.GetOrSet(t.Context(), "k1", slow.load) })
		synctest.Wait()
		start := time.Now()
		quick := &F[int]{results: []func() (int, error){returns(1)}}
		crowd(10_000, func(i int) {
			if v, err := c.GetOrSet(t.Context(), fmt.Sprint("other", i), quick.load); v != 1 || err != nil || time.Since(start) != 0 {
				t.Errorf("got %d, %v after %v", v, err, time.Since(start))
			}
		})
		blocked.Wait()
	})
}

func TestSeed_ST8_FactoriesMayLoadOtherKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: 100 * time.Millisecond}})
		leaf := &F[int]{delay: time.Millisecond, results: []func() (int, error){returns(1)}}
		crowd(5000, func(int) {
			a := rand.N(100)
			b := (a + 1 + rand.N(99)) % 100
			time.Sleep(rand.N(time.Second))
			nested := func(ctx context.Context, _ string) (int, error) {
				time.Sleep(rand.N(10 * time.Millisecond))
				return c.GetOrSet(ctx, fmt.Sprint(b), leaf.load)
			}
			if v, err := c.GetOrSet(t.Context(), fmt.Sprint(a), nested); v != 1 || err != nil {
				t.Errorf("%d asks for %d: got %d, %v", a, b, v, err)
			}
		})
	})
}

func TestSeed_ST8_LoadingOneselfIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		for _, ctx := range []context.Context{t.Context(), context.Background()} {
			var self func(ctx context.Context, key string) (int, error)
			self = func(ctx context.Context, key string) (int, error) { return c.GetOrSet(ctx, key, self) }
			if _, err := c.GetOrSet(ctx, "a", self); !errors.Is(err, core.ErrRecursiveLoad) {
				t.Errorf("got %v", err)
			}
			through := func(ctx context.Context, _ string) (int, error) { return c.GetOrSet(ctx, "a", self) }
			around := func(ctx context.Context, _ string) (int, error) { return c.GetOrSet(ctx, "b", through) }
			if _, err := c.GetOrSet(ctx, "a", around); !errors.Is(err, core.ErrRecursiveLoad) {
				t.Errorf("through another key: got %v", err)
			}
		}
	})
}

// onTwoNodes runs test with two nodes in step. A write by the first is local to
// it, one by the second is remote.
func onTwoNodes(t *testing.T, o core.EntryOptions, test func(t *testing.T, local, remote *hybrid.Cache[int])) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		a, b := open[int](t, net.join(o)), open[int](t, net.join(o))
		synctest.Wait()
		test(t, a, b)
	})
}

func TestSeed_ST10_WriteDuringALoadWins(t *testing.T) {
	writes := map[string]struct {
		do   func(*testing.T, *hybrid.Cache[int])
		want int // 0: a miss
	}{
		"set":    {func(t *testing.T, c *hybrid.Cache[int]) { set(t, c, 99) }, 99},
		"remove": {func(t *testing.T, c *hybrid.Cache[int]) { _, _ = c.Remove(t.Context(), "k") }, 0},
		"expire": {func(t *testing.T, c *hybrid.Cache[int]) { _, _ = c.Expire(t.Context(), "k") }, 0},
		"remove by tag": {func(t *testing.T, c *hybrid.Cache[int]) {
			_, _ = c.Stack().RemoveByTag(t.Context(), "red")
		}, 0},
	}
	for name, write := range writes {
		for _, where := range []string{"local", "remote"} {
			t.Run(where+" "+name, func(t *testing.T) {
				onTwoNodes(t, core.EntryOptions{TTL: time.Hour}, func(t *testing.T, local, remote *hybrid.Cache[int]) {
					writer := local
					if where == "remote" {
						writer = remote
					}
					f := &F[int]{delay: 200 * time.Millisecond, results: []func() (int, error){returns(1)}}
					time.AfterFunc(50*time.Millisecond, func() { write.do(t, writer) })
					expectAsk(t, local, f, 1, 1, core.Tags("red")) // the leader sees what it loaded
					time.Sleep(100 * time.Millisecond)
					for _, c := range []*hybrid.Cache[int]{local, remote} {
						if write.want == 0 {
							expectMiss(t, c)
						} else {
							expectHit(t, c, write.want)
						}
					}
				})
			})
		}
	}
}

// Callers that come after the write start a load of their own.
func TestSeed_ST10_NobodyJoinsALoadThatWasOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		f := &F[int]{delay: 200 * time.Millisecond, results: []func() (int, error){returns(1), returns(2)}}
		var first sync.WaitGroup
		first.Go(func() { expectAsk(t, c, f, 1, 2) })
		time.Sleep(50 * time.Millisecond)
		_, _ = c.Remove(t.Context(), "k")
		expectAsk(t, c, f, 2, 2)
		first.Wait()
		expectHit(t, c, 2)
	})
}

func TestSeed_ST11_ReadsOfTheServerAreCoalescedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		a, b := open[int](t, net.join(core.EntryOptions{TTL: time.Hour})), open[int](t, net.join(core.EntryOptions{TTL: time.Hour}))
		synctest.Wait()
		net.get.be(10 * time.Millisecond)
		f := &F[int]{delay: 300 * time.Millisecond, results: []func() (int, error){returns(1)}}
		crowd(1000, func(int) {
			if v, err := a.GetOrSet(t.Context(), "k", f.load); v != 1 || err != nil {
				t.Errorf("cold: got %d, %v", v, err)
			}
		})
		expectCalls(t, f, 1)
		if n := net.gets.Load(); n > 2 {
			t.Errorf("cold: %d reads of the server, want at most 2", n)
		}
		net.gets.Store(0)
		crowd(1000, func(i int) {
			if i%2 == 0 {
				expectHit(t, b, 1)
			} else {
				expectAsk(t, b, f, 1, 1)
			}
		})
		expectCount(t, "reads of a key that only the server has", &net.gets, 1)
	})
}

func TestSeed_ST12_TheFirstCallersOptionsHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{StaleTTL: time.Hour, TTL: time.Second}})
		set(t, c, 0)
		time.Sleep(time.Second)
		f := &F[int]{delay: 100 * time.Millisecond, results: []func() (int, error){returns(1)}}
		start := time.Now()
		bounded := func(d time.Duration) {
			if got := time.Since(start); got != d {
				t.Errorf("a waiter was held for %v, want %v", got, d)
			}
		}
		patient, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		waits := []func(){
			func() { expectAsk(t, c, f, 1, 1, core.TTL(time.Minute)) },
			func() { expectAsk(t, c, f, 1, 1, core.TTL(10*time.Second)); bounded(100 * time.Millisecond) },
			func() {
				_, err := c.GetOrSet(patient, "k", f.load)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				bounded(20 * time.Millisecond)
			},
			func() {
				expectAsk(t, c, f, 0, 1, core.SoftTimeout(30*time.Millisecond))
				bounded(30 * time.Millisecond)
			},
			func() {
				expectFailure(t, c, f, core.ErrFactoryTimeout, core.WithoutFailSafe(), core.HardTimeout(40*time.Millisecond))
				bounded(40 * time.Millisecond)
			},
		}
		var all sync.WaitGroup
		for _, wait := range waits {
			all.Go(wait)
			synctest.Wait()
		}
		all.Wait()
		at(start, 59*time.Second)
		expectHit(t, c, 1)
		at(start, 61*time.Second)
		expectMiss(t, c)
	})
}
