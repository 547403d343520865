// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/core"
)

func TestClientOptions_ReadsEveryForm(t *testing.T) {
	tests := []struct {
		url            string
		addrs          string
		db             int
		user, password string
		master         string
		cluster, tls   bool
	}{
		{url: "redis://cache", addrs: "cache:6379"},
		{url: "redis://cache:7000/3", addrs: "cache:7000", db: 3},
		{url: "REDIS://cache/", addrs: "cache:6379"},
		{url: "redis://cache?db=3", addrs: "cache:6379", db: 3},
		{url: "redis://:p%40ss%2F%3F%23@cache", addrs: "cache:6379", password: "p@ss/?#"},
		{url: "redis://app:a:b@cache", addrs: "cache:6379", user: "app", password: "a:b"},
		{url: "redis://127.0.0.1:1", addrs: "127.0.0.1:1"},
		{url: "redis://[::1]", addrs: "[::1]:6379"},
		{url: "redis://[::1]:7000", addrs: "[::1]:7000"},
		{url: "rediss://cache", addrs: "cache:6379", tls: true},
		{url: "unix:///run/redis.sock", addrs: "/run/redis.sock"},
		{url: "unix://:secret@/run/a%20b?db=2", addrs: "/run/a b", db: 2, password: "secret"},
		{url: "redis://a,b:7001,[::1]:7002", addrs: "a:6379 b:7001 [::1]:7002"},
		{url: "redis://a,b/0", addrs: "a:6379 b:6379"},
		{url: "redis://a?cluster=true", addrs: "a:6379", cluster: true},
		{url: "redis://u:p@a,b:1/2?master=main", addrs: "a:26379 b:1", db: 2, user: "u", password: "p", master: "main"},
		{url: "rediss://a?master=main&db=1", addrs: "a:26379", db: 1, master: "main", tls: true},
	}
	for _, test := range tests {
		t.Run(test.url, func(t *testing.T) {
			o, err := redisdist.ClientOptions(test.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(o.Addrs, " "); got != test.addrs && !slices.Equal(o.Addrs, []string{test.addrs}) {
				t.Errorf("addresses %q, want %q", got, test.addrs)
			}
			if o.DB != test.db || o.MasterName != test.master || o.IsClusterMode != test.cluster {
				t.Errorf("db %d, master %q, cluster %v", o.DB, o.MasterName, o.IsClusterMode)
			}
			if o.Username != test.user || o.Password != test.password {
				t.Errorf("user %q, password %q", o.Username, o.Password)
			}
			if (o.TLSConfig != nil) != test.tls {
				t.Errorf("tls: %v", o.TLSConfig)
			}
		})
	}
}

func TestClientOptions_RefusesMalformedURLs(t *testing.T) {
	const hint = "percent-encoded"
	tests := []struct{ url, want string }{
		{"", "must begin with"},
		{"cache:6379", "must begin with"},
		{"s3cret@cache:6379", "must begin with"},
		{"http://:s3cret@cache", "must begin with"},
		{"redis://:s3cret@cache\n", "line break"},
		{"redis://:s3cret @cache", "space"},
		{"redis://", "host is missing"},
		{"redis://:s3cret@", "host is missing"},
		{"redis://:s3cret@/1", "host is missing"},
		{"redis://s3cret@cache", "user without a password"},
		{"redis://s3cret:@cache", "user without a password"},
		{"redis://:s3cr/et@cache", hint},
		{"redis://:12/s3cret@cache", hint},
		{"redis://:s3cr?et@cache", hint},
		{"redis://:12?s3cret@cache", hint},
		{"redis://:s3cr#et@cache", hint},
		{"redis://:12#s3cret@cache", hint},
		{"redis://:s3c@ret@cache", hint},
		{"redis://:s3cret%zz@cache", hint},
		{"redis://s3cret%zz:x@cache", hint},
		{"redis://cache#s3cret", hint},
		{"redis://cache:s3cret", "host 1: port"},
		{"redis://cache:0", "host 1: port"},
		{"redis://cache:65536", "host 1: port"},
		{"redis://a,b:s3cret", "host 2: port"},
		{"redis://a,", "host 2: name"},
		{"redis://[s3cret]", "IPv6"},
		{"redis://[127.0.0.1]", "IPv6"},
		{"redis://[::1", "brackets"},
		{"redis://::1", "brackets"},
		{"redis://cache/s3cret", "database must be a number"},
		{"redis://cache/-1", "database must be a number"},
		{"redis://cache/1/2", "database must be a number"},
		{"redis://cache/1?db=2", "given twice"},
		{"redis://cache?db=s3cret", "database must be a number"},
		{"redis://cache?s3cret=1", "unknown parameter"},
		{"redis://cache?db=1&db=1", "one value"},
		{"redis://cache?db=%zz", "malformed"},
		{"redis://cache?cluster=s3cret", "true or false"},
		{"redis://a,b/1", "a cluster has no database"},
		{"redis://a?cluster=1&db=1", "a cluster has no database"},
		{"redis://a?cluster=1&master=s3cret", "exclude each other"},
		{"unix://", "unix:///path"},
		{"unix://host/path", "unix:///path"},
		{"unix:///", "unix:///path"},
		{"unix:///path?master=s3cret", "neither"},
		{"unix:///path?cluster=true", "neither"},
	}
	for _, test := range tests {
		t.Run(test.url, func(t *testing.T) {
			_, err := redisdist.Open(test.url, nil)
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q, want it to say %q", err, test.want)
			}
			if strings.Contains(err.Error(), "s3c") || strings.Contains(err.Error(), "cache") {
				t.Errorf("error %q repeats a part of the URL", err)
			}
			if option, ok := errors.AsType[*core.OptionError](err); !ok || option.Option != "url" {
				t.Errorf("error %q does not name the option", err)
			}
		})
	}
}

func TestClientOptions_NamesAllContradictions(t *testing.T) {
	credentials := func(context.Context) (string, string, error) { return "", "", nil }
	_, err := redisdist.ClientOptions("redis://:s3cret@cache", &redisdist.OpenOptions{
		Credentials: credentials, TLS: &tls.Config{}, SentinelUsername: "u",
		DialTimeout: -1, ReadTimeout: -1, WriteTimeout: -1, PoolSize: -1, ClientName: "a b",
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, option := range []string{"Credentials", "TLS", "SentinelUsername", "DialTimeout", "ReadTimeout", "WriteTimeout", "PoolSize", "ClientName"} {
		if !strings.Contains(err.Error(), "OpenOptions."+option+":") {
			t.Errorf("error does not name %s: %v", option, err)
		}
	}
	if _, err := redisdist.ClientOptions("redis://cache", &redisdist.OpenOptions{SentinelPassword: "s3cret"}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("sentinel password without a master: %v", err)
	}
}

func TestClientOptions_MakesDeadlinesReal(t *testing.T) {
	o, err := redisdist.ClientOptions("redis://cache", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !o.ContextTimeoutEnabled || o.MaxRetries != -1 || o.DialerRetries != 1 {
		t.Errorf("deadlines %v, retries %d, dials %d", o.ContextTimeoutEnabled, o.MaxRetries, o.DialerRetries)
	}
	if o.DialTimeout != redisdist.DefaultDialTimeout || o.ReadTimeout != redisdist.DefaultIOTimeout || o.WriteTimeout != redisdist.DefaultIOTimeout {
		t.Errorf("timeouts %v, %v, %v", o.DialTimeout, o.ReadTimeout, o.WriteTimeout)
	}
	if !o.DisableIdentity || o.MaintNotificationsConfig.Mode != maintnotifications.ModeDisabled || o.PipelinePoolSize != -1 {
		t.Error("the client says more than it must when it connects")
	}
}

func TestClientOptions_TakesOptions(t *testing.T) {
	config := &tls.Config{ServerName: "other", MinVersion: tls.VersionTLS13}
	o, err := redisdist.ClientOptions("rediss://a?master=main", &redisdist.OpenOptions{
		Credentials:      func(context.Context) (string, string, error) { return "u", "p", nil },
		SentinelUsername: "su", SentinelPassword: "sp", TLS: config,
		DialTimeout: time.Second, ReadTimeout: 2 * time.Second, WriteTimeout: 3 * time.Second,
		PoolSize: 4, ClientName: "node-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if o.DialTimeout != time.Second || o.ReadTimeout != 2*time.Second || o.WriteTimeout != 3*time.Second || o.PoolSize != 4 {
		t.Errorf("got %v, %v, %v, %d", o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolSize)
	}
	if o.SentinelUsername != "su" || o.SentinelPassword != "sp" || o.ClientName != "node-1" || o.CredentialsProviderContext == nil {
		t.Error("names or credentials are missing")
	}
	if o.TLSConfig == config || o.TLSConfig.ServerName != "other" || o.TLSConfig.MinVersion != tls.VersionTLS13 {
		t.Error("the TLS configuration is not a copy of the one given")
	}
}

func TestClientOptions_RefusesOldTLSByDefault(t *testing.T) {
	o, err := redisdist.ClientOptions("rediss://cache", &redisdist.OpenOptions{TLS: &tls.Config{}})
	if err != nil {
		t.Fatal(err)
	}
	if o.TLSConfig.MinVersion != tls.VersionTLS12 || o.TLSConfig.InsecureSkipVerify || o.TLSConfig.ServerName != "" {
		t.Errorf("got %#x, skip %v, name %q", o.TLSConfig.MinVersion, o.TLSConfig.InsecureSkipVerify, o.TLSConfig.ServerName)
	}
}

func FuzzClientOptions(f *testing.F) {
	f.Add("redis://:", "@cache")
	f.Add("redis://", "")
	f.Add("redis://user:x/", "@cache:1/2?db=3")
	f.Add("rediss://[", "]:1")
	f.Add("unix:///", "?db=x")
	f.Add("redis://a,b:", "?cluster=1")
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "S3CRETcanary"
		o, err := redisdist.ClientOptions(before+secret+after, nil)
		if err == nil {
			if len(o.Addrs) == 0 {
				t.Error("accepted without an address")
			}
			return
		}
		if strings.Contains(strings.ToLower(err.Error()), strings.ToLower(secret)) {
			t.Errorf("error repeats the secret: %v", err)
		}
	})
}
