// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/core"
)

func TestBucket_EvictsTheOldestWhenFull(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	const maxBytes = 1 << 20
	l := open(t, s.URL(), &natsdist.Options{MaxBytes: maxBytes})
	value := strings.Repeat("v", 10_000)
	for i := range 500 {
		mustSet(t, l, fmt.Sprint("k", i), value)
	}
	wantValue(t, l, "k499", value)
	wantValue(t, l, "k450", value)
	wantMiss(t, l, "k0")
	if got := state(t, streams(t, s)); got.Bytes > maxBytes || got.Msgs < 80 {
		t.Errorf("bucket holds %d bytes in %d entries, at most %d are allowed", got.Bytes, got.Msgs, maxBytes)
	}
}

func TestDelete_LeavesNothingForLong(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	const life = 2 * time.Second
	l := open(t, s.URL(), &natsdist.Options{TombstoneTTL: life})
	js := streams(t, s)
	begin := time.Now()
	for i := range 50 {
		key := fmt.Sprint("k", i)
		mustSet(t, l, key, "v")
		if err := l.Delete(within(t, patience), key); err != nil {
			t.Fatal(err)
		}
		wantMiss(t, l, key)
	}
	if got := state(t, js).Msgs; got != 50 && time.Since(begin) < life {
		t.Errorf("%d messages for 50 deleted keys, want a marker each", got)
	}
	natstest.WaitFor(t, patience, "the markers to go", func() bool { return state(t, js).Msgs == 0 })
	wantMiss(t, l, "k0")
	mustSet(t, l, "k0", "again")
	wantValue(t, l, "k0", "again")
}

func TestSet_EndsWithoutATrace(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	l := open(t, s.URL(), nil)
	js := streams(t, s)
	start := time.Now()
	if err := l.Set(within(t, patience), "k", []byte("v"), 1100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	natstest.WaitFor(t, patience, "the entry to end", func() bool { return state(t, js).Msgs == 0 })
	if took := time.Since(start); took < 1100*time.Millisecond {
		t.Errorf("a life of 1.1s ended after %v; it must be rounded up", took)
	}
	wantMiss(t, l, "k")
}

func TestSet_TooLargeHarmsNobody(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	l := open(t, s.URL(), nil)
	mustSet(t, l, "k", "old")
	for _, size := range []int{1 << 20, 1<<20 - 20, 5 << 20} {
		err := l.Set(within(t, patience), "k", make([]byte, size), life)
		if !errors.Is(err, core.ErrTooLarge) {
			t.Errorf("%d bytes: %v, want %v", size, err, core.ErrTooLarge)
		}
	}
	wantValue(t, l, "k", "old")
	largest := strings.Repeat("v", 1<<20-60)
	mustSet(t, l, "k", largest)
	wantValue(t, l, "k", largest)
}

// A line that is too long closes the connection for good, so the longest key
// must fit with the longest names around it.
func TestKeys_TheLongestFit(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	bucket := strings.Repeat("b", 128)
	l, err := natsdist.Open(within(t, patience), s.URL(), bucket, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for _, key := range []string{
		strings.Repeat("k", 1500), strings.Repeat("k", 1501), strings.Repeat("k", 100_000),
		strings.Repeat(":", 500), strings.Repeat(":", 501), strings.Repeat("\xff", core.MaxKeyLen),
		strings.Repeat("a.", 700) + "a", strings.Repeat(".", 500),
	} {
		mustSet(t, l, key, key)
		wantValue(t, l, key, key)
		if err := l.Delete(within(t, patience), key); err != nil {
			t.Error(err)
		}
		wantMiss(t, l, key)
	}
}

func TestBucket_IsKVForOthers(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	l := open(t, s.URL(), nil)
	kv, err := streams(t, s).KeyValue(within(t, patience), "b")
	if err != nil {
		t.Fatal(err)
	}
	mustSet(t, l, "user:1", "ada")
	entry, err := kv.Get(within(t, patience), "user=3a1")
	if err != nil || string(entry.Value()) != "ada" {
		t.Errorf("KV reads %v, %v", entry, err)
	}
	for name, remove := range map[string]func(context.Context, string, ...jetstream.KVDeleteOpt) error{
		"deleted": kv.Delete, "purged": kv.Purge,
	} {
		mustSet(t, l, name, "v")
		if err := remove(within(t, patience), name); err != nil {
			t.Fatal(err)
		}
		wantMiss(t, l, name)
	}
	if _, err := kv.PutString(within(t, patience), "plain", "v"); err != nil {
		t.Fatal(err)
	}
	wantValue(t, l, "plain", "v")
}

func TestNew_UsesASuitableBucketOfKV(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	js := streams(t, s)
	_, err := js.CreateKeyValue(within(t, patience), jetstream.KeyValueConfig{Bucket: "b", LimitMarkerTTL: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, s.URL(), nil)
	if err := l.Set(within(t, patience), "k", []byte("v"), time.Second); err != nil {
		t.Fatal(err)
	}
	wantValue(t, l, "k", "v")
	natstest.WaitFor(t, patience, "the entry and its marker to end", func() bool { return state(t, js).Msgs == 0 })
	wantMiss(t, l, "k")
}

func TestNew_RefusesUnsuitableBuckets(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	js := streams(t, s)
	for want, config := range map[string]jetstream.KeyValueConfig{
		"ttl of their own": {},
		"history of 5":     {History: 5, LimitMarkerTTL: time.Second},
		"refuses new":      {MaxBytes: 1 << 20, LimitMarkerTTL: time.Second},
	} {
		config.Bucket = "unsuitable"
		if _, err := js.CreateKeyValue(within(t, patience), config); err != nil {
			t.Fatal(err)
		}
		for _, lazy := range []bool{false, true} {
			_, err := natsdist.New(within(t, patience), js, "unsuitable", &natsdist.Options{Lazy: lazy})
			if !errors.Is(err, natsdist.ErrBucket) || !strings.Contains(err.Error(), want) {
				t.Errorf("lazy %v: %v, want %v with %q", lazy, err, natsdist.ErrBucket, want)
			}
		}
		if err := js.DeleteKeyValue(within(t, patience), "unsuitable"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNew_ManyAtOnceWithDifferentOptions(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	js := streams(t, s)
	errs := make(chan error, 16)
	for i := range cap(errs) {
		go func() {
			_, err := natsdist.New(within(t, patience), js, "b", &natsdist.Options{MaxBytes: int64(i+1) << 20})
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestNew_StrictReadsAskTheLeader(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	js := streams(t, s)
	l := open(t, s.URL(), &natsdist.Options{StrictReads: true})
	wantMiss(t, l, "k")
	mustSet(t, l, "k", "v")
	wantValue(t, l, "k", "v")
	if err := l.Delete(within(t, patience), "k"); err != nil {
		t.Fatal(err)
	}
	wantMiss(t, l, "k")
	stream, err := js.Stream(within(t, patience), "KV_b")
	if err != nil || stream.CachedInfo().Config.AllowDirect {
		t.Errorf("bucket of strict reads allows direct ones: %v", err)
	}
	open(t, s.URL(), nil)
	open(t, s.URL(), &natsdist.Options{StrictReads: true})
}

// throughPrefixes returns the ways to say where JetStream is: in another domain, and
// in the own account.
func throughPrefixes(t *testing.T) map[string]jetstream.JetStream {
	t.Helper()
	s := natstest.Start(t, &natstest.Options{Configure: func(o *server.Options) { o.JetStreamDomain = "hub" }})
	nc := s.Connect(t, natsdist.ConnOptions()...)
	domain, err := jetstream.NewWithDomain(nc, "hub")
	if err != nil {
		t.Fatal(err)
	}
	ways := map[string]jetstream.JetStream{"domain": domain}
	for _, prefix := range []string{"$JS.hub.API", "$JS.API", jetstream.DefaultAPIPrefix} {
		if ways[prefix], err = jetstream.NewWithAPIPrefix(nc, prefix); err != nil {
			t.Fatal(err)
		}
	}
	return ways
}

func TestNew_ThroughADomainOrPrefix(t *testing.T) {
	t.Parallel()
	for name, js := range throughPrefixes(t) {
		l, err := natsdist.New(within(t, patience), js, "b", nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		mustSet(t, l, name, "v")
		wantValue(t, l, name, "v")
	}
}

func TestNew_WithoutJetStream(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, &natstest.Options{Configure: func(o *server.Options) { o.JetStream = false }})
	_, err := natsdist.Open(within(t, patience), s.URL(), "b", nil)
	if !errors.Is(err, nats.ErrNoResponders) || !strings.Contains(err.Error(), "JetStream is off") {
		t.Errorf("error = %v, want %v with a hint", err, nats.ErrNoResponders)
	}
}

func TestNew_InProcess(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, &natstest.Options{Configure: func(o *server.Options) { o.DontListen = true }})
	js, err := jetstream.New(s.ConnectInProcess(t, natsdist.ConnOptions()...))
	if err != nil {
		t.Fatal(err)
	}
	l, err := natsdist.New(within(t, patience), js, "b", &natsdist.Options{Storage: jetstream.MemoryStorage})
	if err != nil {
		t.Fatal(err)
	}
	mustSet(t, l, "k", "v")
	wantValue(t, l, "k", "v")
	if err := l.Close(); err != nil || js.Conn().IsClosed() {
		t.Errorf("Close: %v, connection of the caller closed: %v", err, js.Conn().IsClosed())
	}
}

func TestLayer_ContextWithoutADeadline(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	l := open(t, s.URL(), nil)
	ctx := context.Background()
	err := errors.Join(l.Set(ctx, "k", []byte("v"), life), l.Ping(ctx))
	data, ok, err2 := l.Get(ctx, "k")
	if err := errors.Join(err, err2, l.Delete(ctx, "k")); err != nil || !ok || !bytes.Equal(data, []byte("v")) {
		t.Errorf("Get = %q, %v; errors: %v", data, ok, err)
	}
}

const canary = "c4n4ry-s3cret"

func TestOpen_ErrorsHoldNoSecret(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, &natstest.Options{User: "app", Password: canary})
	mustSet(t, open(t, s.URL(), nil), "k", "v")
	for name, url := range map[string]string{
		"wrong password": "nats://app:wrong-" + canary + "@" + s.Addr(),
		"wrong user":     "nats://" + canary + ":" + canary + "@" + s.Addr(),
		"token instead":  "nats://" + canary + "@" + s.Addr(),
		"nobody there":   "nats://app:" + canary + "@127.0.0.1:1",
		"tls expected":   "tls://app:" + canary + "@" + s.Addr(),
		"malformed":      "nats://app:" + canary + "@host:port",
		"web socket":     "ws://app:" + canary + "@" + s.Addr(),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := natsdist.Open(within(t, patience), url, "b", nil)
			if err == nil || strings.Contains(err.Error(), canary) {
				t.Errorf("error %v, want one without the secret", err)
			}
			if strings.HasPrefix(name, "wrong") && !errors.Is(err, nats.ErrAuthorization) {
				t.Errorf("error %v, want %v", err, nats.ErrAuthorization)
			}
			t.Log(err)
		})
	}
}

func TestLayer_AMissingPermissionIsNoMiss(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, &natstest.Options{Configure: func(o *server.Options) {
		forbidden := []string{"$JS.API.DIRECT.GET.>", "$KV.>"}
		o.Users = []*server.User{
			{Username: "admin", Password: "p"},
			{Username: "weak", Password: "p", Permissions: &server.Permissions{Publish: &server.SubjectPermission{Deny: forbidden}}},
		}
	}})
	mustSet(t, open(t, "nats://admin:p@"+s.Addr(), nil), "k", "v")
	weak := open(t, "nats://weak:p@"+s.Addr(), nil)
	_, ok, err := weak.Get(within(t, 200*time.Millisecond), "k")
	if ok || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get: %v, %v, want a passed deadline", ok, err)
	}
	if err := weak.Set(within(t, 200*time.Millisecond), "k", nil, life); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Set: %v, want a passed deadline", err)
	}
}
