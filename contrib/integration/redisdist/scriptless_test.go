// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/distributedtest"
)

// withoutScripts are the rights of a user who must not run scripts.
const withoutScripts = "on >" + canary + " ~* +@all -eval -evalsha"

// startScriptless returns a server and the URL of a user without scripts.
func startScriptless(tb testing.TB) (*redistest.Server, string) {
	tb.Helper()
	s := redistest.Start(tb, &redistest.Options{Password: "root", Users: []string{"app " + withoutScripts}})
	return s, fmt.Sprintf("redis://app:%s@%s", canary, s.Addr())
}

func TestConformance_WithoutScripts(t *testing.T) {
	t.Parallel()
	s, url := startScriptless(t)
	conformance(t, url, s.Addr())
	if stats := s.CommandStats(t); stats["watch"] == 0 || stats["exec"] == 0 {
		t.Errorf("nothing was watched: %v", stats)
	}
}

func TestConformance_ClusterWithoutScripts(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	for _, node := range c.Nodes {
		args := []any{"acl", "setuser", "app"}
		for _, right := range strings.Fields(withoutScripts) {
			args = append(args, right)
		}
		if err := node.Client().Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	url := fmt.Sprintf("redis://app:%s@%s", canary, strings.Join(c.Addrs(), ","))
	h := distributedtest.Harness{
		New:      func(tb testing.TB) core.DistributedLayer { return open(tb, url, nil) },
		Features: distributedtest.Features{Ping: true, Arbiter: true, Batch: true, BatchHeaders: true},
	}
	for _, law := range distributedtest.Laws() {
		if !strings.HasPrefix(law.Name, "Arbiter") && !strings.HasPrefix(law.Name, "Concurrent") && law.Name != "DoneContext" {
			continue
		}
		t.Run(law.Name, func(t *testing.T) {
			if err := distributedtest.Check(t, law, h); err != nil {
				t.Errorf("broken law %s: %s\n%v", law.Name, law.Sentence, err)
			}
		})
	}
}

// A server whose EVAL was renamed away does not know the command.
func TestArbitrate_WithoutTheCommands(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{Config: []string{"--rename-command", "EVAL", "", "--rename-command", "EVALSHA", ""}})
	l := open(t, s.URL(), nil)
	for i := range 3 {
		if r := mustArbitrate(t, l, "k", forced("v")); !r.Stored || r.Header.Bump != uint32(i) {
			t.Errorf("ruling %+v", r)
		}
	}
}

func TestArbitrate_RemembersThatScriptsAreForbidden(t *testing.T) {
	t.Parallel()
	s, url := startScriptless(t)
	l := open(t, url, nil)
	for range 5 {
		mustArbitrate(t, l, "k", forced("v"))
	}
	refusals, err := s.Client().Info(t.Context(), "errorstats").Result()
	if err != nil || !strings.Contains(refusals, "errorstat_NOPERM:count=1\r\n") {
		t.Errorf("the server has refused %q, %v, want one script", refusals, err)
	}
}

func TestArbitrate_WithoutAnyWayIsAnError(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{
		Password: "root", Users: []string{"app on >" + canary + " ~* +get +set +getrange"},
	})
	l := open(t, fmt.Sprintf("redis://app:%s@%s", canary, s.Addr()), nil)
	for range 2 {
		_, err := l.Arbitrate(t.Context(), "k", forced("hidden"))
		if err == nil || !strings.Contains(err.Error(), "NOPERM") || !strings.Contains(err.Error(), "'watch'") || strings.Contains(err.Error(), "hidden") {
			t.Errorf("error %v, want one that names the missing right", err)
		}
	}
}

// Connections are shared: none may go back to the pool with a key that it still
// watches, or the next transaction on it fails for a change that is not its own.
func TestArbitrate_LeavesNoWatchBehind(t *testing.T) {
	t.Parallel()
	s, url := startScriptless(t)
	options, err := redisdist.ClientOptions(url, &redisdist.OpenOptions{PoolSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewUniversalClient(options)
	t.Cleanup(func() { _ = client.Close() })
	l, err := redisdist.New(client, nil)
	if err != nil {
		t.Fatal(err)
	}
	refused := forced("late")
	refused.Mode = core.Fill
	mustArbitrate(t, l, "k", forced("v"))
	arbitrate := map[string]func() error{
		"a refusal": func() error { _, err := l.Arbitrate(t.Context(), "k", refused); return err },
		"a deadline": func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Microsecond)
			defer cancel()
			_, err := l.Arbitrate(ctx, "k", refused)
			if errors.Is(err, context.DeadlineExceeded) {
				err = nil
			}
			return err
		},
		"a cancellation": func() error {
			ctx, cancel := context.WithCancel(t.Context())
			stop := time.AfterFunc(100*time.Microsecond, cancel)
			defer stop.Stop()
			_, err := l.Arbitrate(ctx, "k", refused)
			if errors.Is(err, context.Canceled) {
				err = nil
			}
			return err
		},
	}
	for name, call := range arbitrate {
		for range 100 {
			if err := call(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := s.Client().Append(t.Context(), "k", ".").Err(); err != nil {
				t.Fatal(err)
			}
			_, err := client.TxPipelined(t.Context(), func(p redis.Pipeliner) error { return p.Set(t.Context(), "other", "v", 0).Err() })
			if err != nil {
				t.Fatalf("after %s the transaction of another fails: %v", name, err)
			}
		}
	}
}

// Writers that meet all the time: in the end each is stored.
func TestArbitrate_ManyForcesWithoutScripts(t *testing.T) {
	t.Parallel()
	_, url := startScriptless(t)
	layers := []*redisdist.Layer{open(t, url, nil), open(t, url, nil), open(t, url, nil)}
	const writers, rounds = 24, 10
	start := time.Now()
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for range rounds {
				r, err := layers[i%len(layers)].Arbitrate(within(t, patience), "k", forced("v"))
				if err != nil || !r.Stored {
					t.Errorf("writer %d: %+v, %v", i, r, err)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%v per write with %d writers of one key", time.Since(start)/(writers*rounds), writers)
}

func BenchmarkWithoutScripts(b *testing.B) {
	_, url := startScriptless(b)
	l := open(b, url, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Arbitrate(b.Context(), "k", forced("v")); err != nil {
			b.Fatal(err)
		}
	}
}
