// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natstest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
)

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func bucket(t *testing.T, nc *nats.Conn, replicas int) jetstream.KeyValue {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.CreateKeyValue(bounded(t), jetstream.KeyValueConfig{Bucket: "b", Replicas: replicas})
	if err != nil {
		t.Fatal(err)
	}
	return kv
}

func TestServer_RestartKeepsPortAndStore(t *testing.T) {
	s := natstest.Start(t, nil)
	addr := s.Addr()
	kv := bucket(t, s.Connect(t, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond)), 1)
	if _, err := kv.PutString(bounded(t), "k", "v"); err != nil {
		t.Fatal(err)
	}
	s.Shutdown()
	if s.Running() != nil {
		t.Error("server runs after Shutdown")
	}
	s.Restart()
	if s.Addr() != addr {
		t.Errorf("address after restart = %s, was %s", s.Addr(), addr)
	}
	entry, err := kv.Get(bounded(t), "k")
	if err != nil || string(entry.Value()) != "v" {
		t.Errorf("Get after restart: %v, %v", entry, err)
	}
}

func TestServer_AsksForCredentials(t *testing.T) {
	for name, opts := range map[string]*natstest.Options{
		"user":  {User: "u", Password: "s3cret/:@"},
		"token": {Token: "t0ken"},
	} {
		t.Run(name, func(t *testing.T) {
			s := natstest.Start(t, opts)
			if err := s.Connect(t).Flush(); err != nil {
				t.Error(err)
			}
			if err := s.ConnectInProcess(t).Flush(); err != nil {
				t.Error("in process:", err)
			}
			if _, err := nats.Connect("nats://" + s.Addr()); !errors.Is(err, nats.ErrAuthorization) {
				t.Errorf("connect without credentials: %v, want %v", err, nats.ErrAuthorization)
			}
		})
	}
}

func TestCluster_SurvivesItsLeader(t *testing.T) {
	c := natstest.StartCluster(t, nil)
	nc := natstest.Connect(t, c.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	kv := bucket(t, nc, 3)
	if _, err := kv.PutString(bounded(t), "k", "v"); err != nil {
		t.Fatal(err)
	}
	leader := c.StreamLeader("KV_b")
	leader.Shutdown()
	if next := c.StreamLeader("KV_b"); next == leader {
		t.Error("the stopped server leads")
	}
	natstest.WaitFor(t, time.Minute, "a write after the election", func() bool {
		// The answer to one that is under way during the election may never come.
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := kv.PutString(ctx, "k", "w")
		return err == nil
	})
	leader.Restart()
	c.WaitReady()
}
