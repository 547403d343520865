// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSet_SetsTheExpiry(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	l := open(t, s.URL(), nil)
	tests := []struct{ ttl, low, high time.Duration }{
		{time.Hour, 59 * time.Minute, time.Hour},
		{90*time.Minute + 500*time.Microsecond, 89 * time.Minute, 90*time.Minute + time.Millisecond},
		{core.Forever, -1, -1},
		{250 * 365 * 24 * time.Hour, 249 * 365 * 24 * time.Hour, core.Forever},
		{time.Minute, 59 * time.Second, time.Minute},
	}
	for _, test := range tests { // the same key: each ttl replaces the one before
		if err := l.Set(t.Context(), "k", nil, test.ttl); err != nil {
			t.Errorf("ttl %v: %v", test.ttl, err)
		}
		got, err := s.Client().PTTL(t.Context(), "k").Result()
		if err != nil || got < test.low || got > test.high {
			t.Errorf("ttl %v: the server says %v, %v", test.ttl, got, err)
		}
	}
	if err := l.Set(t.Context(), "short", []byte("v"), time.Microsecond); err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, 5*time.Second, "a ttl of 1 µs to end", func() bool {
		_, ok, err := l.Get(t.Context(), "short")
		return !ok && err == nil
	})
}

func TestGet_RefusesAnotherType(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	l := open(t, s.URL(), nil)
	if err := s.Client().LPush(t.Context(), "list", "a").Err(); err != nil {
		t.Fatal(err)
	}
	_, ok, err := l.Get(t.Context(), "list")
	if reply, isReply := errors.AsType[redis.Error](err); ok || !isReply || !strings.HasPrefix(reply.Error(), "WRONGTYPE") || !errors.Is(err, core.ErrForeign) {
		t.Errorf("get of a list: %v, %v, want WRONGTYPE and ErrForeign", ok, err)
	}
	if n, err := s.Client().LLen(t.Context(), "list").Result(); n != 1 {
		t.Errorf("the list has %d elements, %v", n, err)
	}
}

func TestLayer_SendsOneCommandPerCall(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	before := s.CommandStats(t)
	l := open(t, s.URL(), &redisdist.OpenOptions{PoolSize: 1})
	for range 10 {
		mustSet(t, l, "k", "v")
		wantValue(t, l, "k", "v")
	}
	if err := l.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"set": 10, "get": 10, "unlink": 1, "hello": 1, "info": 1}
	for name, calls := range s.CommandStats(t) {
		if got := calls - before[name]; got != want[name] && name != "info" {
			t.Errorf("%s was called %d times, want %d", name, got, want[name])
		}
	}
	if text, _ := s.Client().Info(t.Context(), "errorstats").Result(); strings.Contains(text, "errorstat_") {
		t.Errorf("the server refused something: %s", text)
	}
}

func TestOpen_UsesTheDatabase(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{Socket: true})
	mustSet(t, open(t, s.URL()+"/3", nil), "k", "three")
	wantValue(t, open(t, "unix://"+s.Socket()+"?db=3", nil), "k", "three")
	if _, ok, err := open(t, s.URL(), nil).Get(t.Context(), "k"); ok || err != nil {
		t.Errorf("database 0 has the key: %v, %v", ok, err)
	}
}

// Idle connections that were cut cost nobody a call, with TLS or without: the pool
// notices before it uses them.
func TestPool_IdleConnectionsThatWereCutCostNoCall(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprint("TLS ", secure), func(t *testing.T) {
			t.Parallel()
			s := redistest.Start(t, &redistest.Options{TLS: secure})
			proxy := hybrid.Must(netfault.New(s.Addr()))
			t.Cleanup(func() { _ = proxy.Close() })
			url := strings.Replace(s.URL(), s.Addr(), proxy.Addr(), 1)
			const idle = 10
			l := open(t, url, &redisdist.OpenOptions{TLS: s.TLSConfig(), DialTimeout: patience, PoolSize: idle})
			for round := range 3 {
				proxy.Delay(50 * time.Millisecond)
				var calls sync.WaitGroup
				for range idle {
					calls.Go(func() { mustSet(t, l, "k", "v") })
				}
				calls.Wait()
				proxy.Restore()
				opened := proxy.Open()
				if opened < idle/2 {
					t.Fatalf("round %d: only %d connections were open", round, opened)
				}
				proxy.Cut()
				for range idle {
					wantValue(t, l, "k", "v")
				}
			}
		})
	}
}

func TestTLS_ProvesTheServer(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{TLS: true})
	mustSet(t, open(t, s.URL(), &redisdist.OpenOptions{TLS: s.TLSConfig(), DialTimeout: patience}), "k", "v")

	wrongName := s.TLSConfig()
	wrongName.ServerName = "other.internal"
	for name, config := range map[string]*tls.Config{"unknown authority": nil, "wrong name": wrongName} {
		_, ok, err := open(t, s.URL(), &redisdist.OpenOptions{TLS: config, DialTimeout: patience}).Get(t.Context(), "k")
		var unknown x509.UnknownAuthorityError
		var host x509.HostnameError
		if ok || (!errors.As(err, &unknown) && !errors.As(err, &host)) {
			t.Errorf("%s: %v, %v, want the certificate to be refused", name, ok, err)
		}
	}
	plain := open(t, "redis://"+s.Addr(), nil)
	if _, ok, err := plain.Get(within(t, 5*time.Second), "k"); ok || err == nil {
		t.Errorf("without TLS: %v, %v", ok, err)
	}
}

const canary = "c4n4ry-s3cret"

// The rights that the package documents, without those for arbitration.
const basicRights = "+get +set +unlink +ping +getrange"

func TestACL_LeastPrivilegeIsEnough(t *testing.T) {
	t.Parallel()
	for name, rights := range map[string]string{
		"with scripts":     "+evalsha +eval +time",
		"without the time": "+evalsha +eval",
		"without scripts":  "+watch +unwatch +multi +exec",
	} {
		t.Run(name, func(t *testing.T) { leastPrivilege(t, basicRights+" "+rights) })
	}
}

func leastPrivilege(t *testing.T, rights string) {
	t.Helper()
	s := redistest.Start(t, &redistest.Options{
		Password: "root",
		Users:    []string{"app on >" + canary + " ~app:* " + rights},
	})
	l := open(t, fmt.Sprintf("redis://app:%s@%s", canary, s.Addr()), &redisdist.OpenOptions{ClientName: ""})
	for _, w := range []core.Write{forced("v"), {Mode: core.Fill, TTL: time.Minute, Data: forced("late").Data}} {
		mustArbitrate(t, l, "app:arbitrated", w)
	}
	if _, ok, err := l.ReadHeader(t.Context(), "app:arbitrated"); !ok || err != nil {
		t.Errorf("read header: %v, %v", ok, err)
	}
	if _, err := l.Arbitrate(t.Context(), "other", forced("v")); err == nil || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("arbitrate a foreign key: %v, want NOPERM", err)
	}
	mustSet(t, l, "app:k", "v")
	wantValue(t, l, "app:k", "v")
	if err := l.Delete(t.Context(), "app:k"); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := l.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	if _, ok, err := l.Get(t.Context(), "other"); ok || err == nil || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("foreign key: %v, %v, want NOPERM", ok, err)
	}
}

func TestErrors_HoldNoSecret(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{
		Password: canary, Users: []string{"weak on >" + canary + " ~* +ping"},
		Config: []string{"--rename-command", "SET", ""},
	})
	urls := map[string]string{
		"wrong password": "redis://:wrong-" + canary + "@" + s.Addr(),
		"wrong user":     "redis://" + canary + ":" + canary + "@" + s.Addr(),
		"no permission":  "redis://weak:" + canary + "@" + s.Addr(),
		"disabled SET":   s.URL(),
		"nobody there":   "redis://:" + canary + "@127.0.0.1:1",
		"malformed":      "redis://:" + canary + "/@" + s.Addr(),
		"TLS expected":   "rediss://:" + canary + "@" + s.Addr(),
		"no sentinel":    "redis://:" + canary + "@" + s.Addr() + "?master=main",
		"no cluster":     "redis://:" + canary + "@" + s.Addr() + "?cluster=true",
	}
	for name, url := range urls {
		t.Run(name, func(t *testing.T) {
			l, err := redisdist.Open(url, nil)
			if err == nil {
				defer func() { _ = l.Close() }()
				err = l.Set(within(t, 5*time.Second), "k", []byte(canary), time.Minute)
			}
			if err == nil || strings.Contains(err.Error(), canary) {
				t.Errorf("error %v, want one without the secret", err)
			}
			t.Log(err)
		})
	}
}

func TestCredentials_AreAskedForEachConnection(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{Password: "first"})
	var password atomic.Value
	password.Store("first")
	l := open(t, "redis://"+s.Addr(), &redisdist.OpenOptions{
		Credentials: func(context.Context) (string, string, error) { return "", password.Load().(string), nil },
	})
	mustSet(t, l, "k", "v")
	if err := s.Client().ConfigSet(t.Context(), "requirepass", "second").Err(); err != nil {
		t.Fatal(err)
	}
	password.Store("second")
	if err := s.Client().Do(t.Context(), "client", "kill", "type", "normal", "skipme", "yes").Err(); err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, 5*time.Second, "a connection with the new password", func() bool {
		_, ok, _ := l.Get(within(t, time.Second), "k")
		return ok
	})
}

func TestCluster_LeastPrivilegeIsEnough(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	for _, node := range c.Nodes {
		args := []any{"acl", "setuser", "app", "on", ">" + canary, "~app:*", "+cluster|slots", "+command", "+evalsha", "+eval"}
		for _, right := range strings.Fields(basicRights) {
			args = append(args, right)
		}
		if err := node.Client().Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, fmt.Sprintf("redis://app:%s@%s", canary, strings.Join(c.Addrs(), ",")), nil)
	for i := range 20 {
		mustSet(t, l, fmt.Sprint("app:", i), "v")
		wantValue(t, l, fmt.Sprint("app:", i), "v")
		mustArbitrate(t, l, fmt.Sprint("app:arbitrated", i), forced("v"))
	}
	if err := l.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	for _, node := range c.Nodes {
		text, _ := node.Client().Info(t.Context(), "errorstats").Result()
		stats := node.CommandStats(t)
		t.Logf("commands %v, errors %q", stats, text)
	}
}
