// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package many_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSpec34_3_ABatchIsLoadedOnceAndSharedByNodes(t *testing.T) {
	everywhere(t, func(t *testing.T, start func() *view) {
		a, b := start(), start()
		within3(t, func(first int) error {
			f := &source{}
			got, err := a.GetOrSetMany(t.Context(), ids(first, first+100), f.load)
			expect(t, got, err, ids(first, first+100))
			got, err = b.GetOrSetMany(t.Context(), ids(first+50, first+150), f.load)
			expect(t, got, err, ids(first+50, first+150))
			got, err = a.GetMany(t.Context(), ids(first, first+200))
			expect(t, got, err, ids(first, first+150))
			return f.expect(t, 2)
		})
	})
}

func TestSpec34_3_OverlappingBatchesLoadEachKeyOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, start func() *view) {
		a := start()
		f := &source{pause: 200 * time.Millisecond}
		var callers sync.WaitGroup
		for i := range 10 {
			callers.Go(func() {
				keys := ids(i*10, i*10+50)
				if i%2 == 1 {
					for l, r := 0, len(keys)-1; l < r; l, r = l+1, r-1 {
						keys[l], keys[r] = keys[r], keys[l]
					}
				}
				got, err := a.GetOrSetMany(t.Context(), keys, f.load)
				expect(t, got, err, keys)
			})
		}
		callers.Wait()
		f.mu.Lock()
		defer f.mu.Unlock()
		for id, n := range f.asked {
			if n != 1 {
				t.Errorf("product %d was asked for %d times", id, n)
			}
		}
	})
}

func TestSpec34_3_WritesOfManyKeysReachTheOtherNodes(t *testing.T) {
	everywhere(t, func(t *testing.T, start func() *view) {
		a, b := start(), start()
		f := &source{}
		_, _ = b.GetOrSetMany(t.Context(), ids(0, 100), f.load)
		changed := map[int]string{}
		for _, id := range ids(0, 100) {
			changed[id] = "changed"
		}
		if outcome, err := a.SetMany(t.Context(), changed); outcome != core.Committed || err != nil {
			t.Errorf("set: %v, %v", outcome, err)
		}
		soon(t, "the other node to see the changes", func() bool {
			got, err := b.GetMany(t.Context(), ids(0, 100))
			if err != nil || len(got) != 100 {
				t.Fatalf("%d products, %v", len(got), err)
			}
			for _, name := range got {
				if name != "changed" {
					return false
				}
			}
			return true
		})
		if outcome, err := a.RemoveMany(t.Context(), ids(0, 99)); outcome != core.Committed || err != nil {
			t.Errorf("remove: %v, %v", outcome, err)
		}
		soon(t, "the other node to miss what was removed", func() bool {
			got, err := b.GetMany(t.Context(), ids(0, 100))
			return err == nil && len(got) == 1
		})
	})
}

// On a line with 50 ms to the server, 200 keys take a few round trips, not 200 and,
// loaded, 600.
func TestPeers4_7_ManyKeysTakeFewRoundTrips(t *testing.T) {
	server := redistest.Start(t, nil)
	line := hybrid.Must(netfault.New(server.Addr()))
	defer func() { _ = line.Close() }()
	near, far := redisNode(t, server.URL()), redisNode(t, "redis://"+line.Addr())
	if outcome, err := near.SetMany(t.Context(), named(ids(0, 200))); outcome != core.Committed || err != nil {
		t.Fatalf("set: %v, %v", outcome, err)
	}
	_, _ = far.SetMany(t.Context(), named(ids(1000, 1001))) // the marks are known
	line.Delay(50 * time.Millisecond)
	for _, step := range []struct {
		what  string
		trips int
		do    func() (int, error)
	}{
		{"read", 1, func() (int, error) {
			got, err := far.GetMany(t.Context(), ids(0, 200))
			return len(got), err
		}},
		{"write", 1, func() (int, error) {
			_, err := far.SetMany(t.Context(), named(ids(0, 200)))
			return 200, err
		}},
		{"removal", 1, func() (int, error) {
			_, err := far.RemoveMany(t.Context(), ids(0, 200))
			return 200, err
		}},
		{"load", 40, func() (int, error) { // a read, two writes, and a message for each over the client's connections
			got, err := far.GetOrSetMany(t.Context(), ids(0, 200), (&source{}).load)
			return len(got), err
		}},
	} {
		began := time.Now()
		n, err := step.do()
		took := time.Since(began)
		t.Logf("%s of 200 keys: %v", step.what, took)
		if n != 200 || err != nil {
			t.Errorf("%s: %d keys, %v", step.what, n, err)
		}
		// A connection that has to be opened first costs two more.
		if most := time.Duration(step.trips+3) * 100 * time.Millisecond; took > most {
			t.Errorf("%s of 200 keys took %v, want at most %v", step.what, took, most)
		}
	}
}

// When one master of a cluster is away, its keys fail alone.
func TestPeers4_7_OneMasterOfAClusterIsAway(t *testing.T) {
	cluster := redistest.StartCluster(t)
	a := redisNode(t, cluster.URL())
	if outcome, err := a.SetMany(t.Context(), named(ids(0, 60))); outcome != core.Committed || err != nil {
		t.Fatalf("set: %v, %v", outcome, err)
	}
	b := redisNode(t, cluster.URL())
	prefixes := hybrid.KeyPrefixes(app)
	marks, id := cluster.Owner(t, prefixes[1]), 0
	for cluster.Owner(t, fmt.Sprint(prefixes[0], "product:", id)) == marks {
		id++ // without its marks the node could believe nothing
	}
	lost := cluster.Owner(t, fmt.Sprint(prefixes[0], "product:", id))
	lost.Stop(t)
	defer lost.Resume(t)
	var got map[int]string
	var err error
	var errs core.KeyErrors[int]
	var ok bool
	for range 2 { // a node doubts once, when it has met the other: that may be while it waits for the lost master
		got, err = b.GetMany(t.Context(), ids(0, 60), core.ReturnLayerErrors(true), core.DistributedTimeouts(0, time.Second))
		if errs, ok = errors.AsType[core.KeyErrors[int]](err); len(got) > 0 {
			break
		}
	}
	if !ok || errs[id] == nil || len(errs)+len(got) != 60 || len(got) == 0 {
		t.Errorf("%d products, %v", len(got), err)
	}
	f := &source{}
	began := time.Now()
	got, err = b.GetOrSetMany(t.Context(), ids(0, 60), f.load, core.DistributedTimeouts(0, time.Second))
	expect(t, got, err, ids(0, 60))
	if err := f.expect(t, 1); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second { // a read and a write in vain
		t.Errorf("took %v", took)
	}
}

func TestSpec34_3_LookupAndExplainOnServers(t *testing.T) {
	everywhere(t, func(t *testing.T, start func() *view) {
		a, b := start(), start()
		_, _ = a.Set(t.Context(), 7, "product 7", core.Tags("tools"))
		item, err := b.Lookup(t.Context(), 7)
		if err != nil || item.Value != "product 7" || item.Status != hybrid.Fresh || item.Level != core.LevelDistributed || len(item.Tags) != 1 {
			t.Errorf("got %+v, %v", item, err)
		}
		soon(t, "both levels to agree", func() bool { // a message about the write may revoke the first read
			_, _ = b.Lookup(t.Context(), 7)
			x, err := b.Explain(t.Context(), 7)
			return err == nil && x.Memory.Found && x.Memory.Version.Same(x.Distributed.Version) && x.Trusted && x.Unread == nil
		})
	})
}
