// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
)

func TestCluster_SurvivesTheLeaderOfTheBucket(t *testing.T) {
	t.Parallel()
	c := natstest.StartCluster(t, nil)
	l := open(t, c.URL(), &natsdist.Options{Replicas: 3, MaxBytes: 64 << 20, Conn: quick()})
	settable(t, l) // the new stream has a leader
	for i := range 100 {
		mustSet(t, l, fmt.Sprint("k", i), "v")
	}
	leader := c.StreamLeader("KV_b")
	leader.Shutdown()
	t.Logf("first write %v after the leader was gone", settable(t, l))
	for i := range 100 {
		// Until the last replica has caught up, a read may fail, but it must not
		// miss.
		natstest.WaitFor(t, patience, "a read", func() bool {
			_, ok, err := l.Get(within(t, time.Second), fmt.Sprint("k", i))
			if !ok && err == nil {
				t.Errorf("k%d is a miss", i)
			}
			return err == nil
		})
	}
}

func TestCluster_WithoutAMajorityNothingIsAMiss(t *testing.T) {
	t.Parallel()
	c := natstest.StartCluster(t, nil)
	l := open(t, c.URL(), &natsdist.Options{Replicas: 3, StrictReads: true, MaxBytes: 64 << 20, Conn: quick()})
	settable(t, l)
	mustSet(t, l, "k", "v")
	c.Servers[1].Shutdown()
	c.Servers[2].Shutdown()
	natstest.WaitFor(t, patience, "the connection to the last server", l.Conn().IsConnected)
	for range 5 {
		if err := l.Set(within(t, 200*time.Millisecond), "new", nil, life); err == nil {
			t.Error("Set succeeds without a majority")
		}
		if _, ok, err := l.Get(within(t, 200*time.Millisecond), "k"); !ok && err == nil {
			t.Error("Get: what is there is a miss")
		}
	}
	c.Servers[1].Restart()
	c.Servers[2].Restart()
	c.WaitReady()
	settable(t, l)
	wantValue(t, l, "k", "v")
}

func TestCluster_NamesWhatItCannotReplicate(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	_, err := natsdist.Open(within(t, patience), s.URL(), "b", &natsdist.Options{Replicas: 3})
	if api, ok := errors.AsType[*jetstream.APIError](err); !ok {
		t.Errorf("error = %v, want the server's", err)
	} else {
		t.Log(api)
	}
}
