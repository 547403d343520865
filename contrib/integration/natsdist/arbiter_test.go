// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/distributedtest"
	"github.com/nats-io/nats.go"
)

// writeOf is a write of operation op, with a higher version for a higher one.
func writeOf(mode core.Mode, kind core.WriteKind, op uint64, body string) core.Write {
	h := core.Header{Version: core.Version{Time: int64(op), Node: 0xa0 + op, Op: op}, Kind: kind}
	return core.Write{
		Mode: mode, Data: append(core.AppendHeader(nil, h), body...),
		TTL: life, TombstoneTTL: time.Minute, Skew: time.Second,
	}
}

func mustArbitrate(tb testing.TB, l core.Arbiter, key string, w core.Write) core.Ruling {
	tb.Helper()
	r, err := l.Arbitrate(within(tb, patience), key, w)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// directly is a layer whose Get asks the leader, to look behind one whose reads
// any replica answers.
type directly struct {
	*natsdist.Layer
	js nats.JetStreamContext
}

func (d directly) Get(ctx context.Context, key string) ([]byte, bool, error) {
	msg, err := d.js.GetLastMsg("KV_b", "$KV.b."+key, nats.Context(ctx))
	switch {
	case errors.Is(err, nats.ErrMsgNotFound):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	return msg.Data, msg.Header.Get("KV-Operation") == "", nil
}

// On a cluster whose replicas answer reads the writes are decided as on any
// other. The laws that read through the layer are left out: they allow no delay.
func TestConformance_ClusterWithLateReads(t *testing.T) {
	t.Parallel()
	c := natstest.StartCluster(t, &natstest.Options{MaxPayload: largePayload})
	h := distributedtest.Harness{
		New: func(tb testing.TB) core.DistributedLayer {
			l := open(tb, c.URL(), &natsdist.Options{Replicas: 3, MaxBytes: 64 << 20})
			settable(tb, l) // the bucket may be new, and without a leader
			js, err := l.Conn().JetStream()
			if err != nil {
				tb.Fatal(err)
			}
			return directly{l, js}
		},
		TTLGranularity: time.Second,
		MaxValue:       largePayload / 2,
		Features:       distributedtest.Features{Ping: true, Arbiter: true, Batch: true, BatchHeaders: true},
	}
	laws := 0
	for _, law := range distributedtest.Laws() {
		arbitrates := strings.HasPrefix(law.Name, "Arbiter") || law.Name == "ConcurrentFills" || law.Name == "ConcurrentForces"
		if !arbitrates || law.Name == "ArbiterKeys" {
			continue
		}
		laws++
		t.Run(law.Name, func(t *testing.T) {
			if err := distributedtest.Check(t, law, h); err != nil {
				t.Errorf("broken law %s: %s\n%v", law.Name, law.Sentence, err)
			}
		})
	}
	if laws < 7 {
		t.Errorf("%d laws checked", laws)
	}
}

// The answer of the leader holds the value as base64, so it is larger than the
// largest message.
func TestArbitrate_OverTheLargestValue(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]*natsdist.Options{"direct": nil, "strict": {StrictReads: true}} {
		t.Run(name, func(t *testing.T) {
			l := open(t, natstest.Start(t, nil).URL(), opts)
			overLargest(t, l)
		})
	}
}

func TestCluster_ArbitratesOverTheLargestValue(t *testing.T) {
	t.Parallel()
	c := natstest.StartCluster(t, nil)
	for _, s := range c.Servers { // through each member: the leader is one of them
		overLargest(t, open(t, s.URL(), &natsdist.Options{Replicas: 3, MaxBytes: 64 << 20}))
	}
}

func overLargest(t *testing.T, l *natsdist.Layer) {
	t.Helper()
	body := strings.Repeat("v", 1<<20-200-core.HeaderSize)
	first := mustArbitrate(t, l, "k", writeOf(core.Force, core.ValueWrite, 1, body))
	refused := mustArbitrate(t, l, "k", writeOf(core.Fill, core.FillWrite, 2, "x"))
	if !first.Stored || refused.Stored || refused.Header != first.Header {
		t.Errorf("rulings %+v and %+v", first, refused)
	}
	if r := mustArbitrate(t, l, "k", writeOf(core.Force, core.TombstoneWrite, 3, "")); !r.Stored {
		t.Errorf("ruling %+v", r)
	}
}

func TestArbitrate_TooLargeHarmsNobody(t *testing.T) {
	t.Parallel()
	l := open(t, natstest.Start(t, nil).URL(), nil)
	w := writeOf(core.Force, core.ValueWrite, 1, "small")
	mustArbitrate(t, l, "k", w)
	_, err := l.Arbitrate(within(t, patience), "k", writeOf(core.Force, core.ValueWrite, 2, strings.Repeat("v", 1<<20)))
	if !errors.Is(err, core.ErrTooLarge) {
		t.Errorf("error = %v, want %v", err, core.ErrTooLarge)
	}
	wantValue(t, l, "k", string(w.Data))
}

func TestArbitrate_ThroughADomainOrPrefix(t *testing.T) {
	t.Parallel()
	for name, js := range throughPrefixes(t) {
		l, err := natsdist.New(within(t, patience), js, "b", nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		w := writeOf(core.Force, core.ValueWrite, 1, "body")
		mustArbitrate(t, l, name, w)
		if r := mustArbitrate(t, l, name, writeOf(core.Fill, core.FillWrite, 2, "")); r.Stored || r.Header.Op != 1 {
			t.Errorf("%s: ruling %+v, want a refusal by the leader", name, r)
		}
		header, ok, err := l.ReadHeader(within(t, patience), name)
		if !bytes.Equal(header, w.Data[:core.HeaderSize]) || !ok || err != nil {
			t.Errorf("%s: read header: %q, %v, %v", name, header, ok, err)
		}
	}
}

// Removals by other clients of KV leave markers; so does Delete. They are
// nothing, though they have a revision.
func TestArbitrate_OverRemovalsOfOthers(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	l := open(t, s.URL(), nil)
	kv, err := streams(t, s).KeyValue(within(t, patience), "b")
	if err != nil {
		t.Fatal(err)
	}
	for name, remove := range map[string]func(ctx context.Context, key string) error{
		"Delete":    l.Delete,
		"KV delete": func(ctx context.Context, key string) error { return kv.Delete(ctx, key) },
		"KV purge":  func(ctx context.Context, key string) error { return kv.Purge(ctx, key) },
	} {
		saw := writeOf(core.Force, core.ValueWrite, 1, "body")
		mustArbitrate(t, l, "k", saw)
		if err := remove(within(t, patience), "k"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		stale := writeOf(core.Fill, core.FillWrite, 2, "")
		stale.Expect = saw.Data[:core.HeaderSize]
		if r := mustArbitrate(t, l, "k", stale); r != (core.Ruling{}) {
			t.Errorf("%s: a fill that saw the value: %+v", name, r)
		}
		naive := writeOf(core.Fill, core.FillWrite, 3, "body")
		if r := mustArbitrate(t, l, "k", naive); !r.Stored {
			t.Errorf("%s: a fill that saw nothing: %+v", name, r)
		}
		wantValue(t, l, "k", string(naive.Data))
	}
}

// A tombstone is an ordinary value that ends; nothing stays behind.
func TestArbitrate_TombstonesEndWithoutATrace(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	l := open(t, s.URL(), nil)
	js := streams(t, s)
	tomb := writeOf(core.Force, core.TombstoneWrite, 1, "")
	tomb.TTL = 300 * time.Millisecond
	for i := range 20 {
		mustArbitrate(t, l, fmt.Sprint("k", i), tomb)
	}
	if got := state(t, js).Msgs; got != 20 {
		t.Errorf("%d messages for 20 tombstones", got)
	}
	natstest.WaitFor(t, patience, "the tombstones to go", func() bool { return state(t, js).Msgs == 0 })
}

// Writers that meet all the time: in the end each is stored.
func TestArbitrate_ManyForcesAtOnce(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	layers := []*natsdist.Layer{open(t, s.URL(), nil), open(t, s.URL(), nil), open(t, s.URL(), nil)}
	const writers, rounds = 24, 10
	start := time.Now()
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for round := range rounds {
				w := writeOf(core.Force, core.ValueWrite, uint64(1+i*rounds+round), "body")
				r, err := layers[i%len(layers)].Arbitrate(within(t, patience), "k", w)
				if err != nil || !r.Stored {
					t.Errorf("writer %d: %+v, %v", i, r, err)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%v per write with %d writers of one key", time.Since(start)/(writers*rounds), writers)
}
