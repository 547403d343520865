// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/internal/natslink"
	"github.com/fusioncache-go/fusioncache/core"
)

// fakeJS is a JetStream whose answers the test decides.
type fakeJS struct {
	jetstream.JetStream
	conn   *nats.Conn
	level  int
	stream func() (jetstream.Stream, error)
	create func(jetstream.StreamConfig) (jetstream.Stream, error)
	put    func(*nats.Msg) (*jetstream.PubAck, error)
}

func (f fakeJS) Conn() *nats.Conn { return f.conn }

func (f fakeJS) Options() jetstream.JetStreamOptions { return jetstream.JetStreamOptions{} }

func (f fakeJS) AccountInfo(context.Context) (*jetstream.AccountInfo, error) {
	return &jetstream.AccountInfo{API: jetstream.APIStats{Level: f.level}}, nil
}

func (f fakeJS) Stream(context.Context, string) (jetstream.Stream, error) { return f.stream() }

func (f fakeJS) CreateStream(_ context.Context, c jetstream.StreamConfig) (jetstream.Stream, error) {
	return f.create(c)
}

func (f fakeJS) PublishMsg(_ context.Context, m *nats.Msg, _ ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	return f.put(m)
}

// fakeStream is a stream of one message.
type fakeStream struct {
	jetstream.Stream
	config jetstream.StreamConfig
	msg    *jetstream.RawStreamMsg
	err    error
}

func (s fakeStream) CachedInfo() *jetstream.StreamInfo {
	return &jetstream.StreamInfo{Config: s.config}
}

func (s fakeStream) Info(context.Context, ...jetstream.StreamInfoOpt) (*jetstream.StreamInfo, error) {
	return s.CachedInfo(), s.err
}

func (s fakeStream) GetLastMsgForSubject(context.Context, string) (*jetstream.RawStreamMsg, error) {
	return s.msg, s.err
}

// layer returns a connected layer that finds stream as its bucket.
func layer(t *testing.T, f fakeJS, stream fakeStream) (l *Layer, binds *int) {
	o := (*Options)(nil).withDefaults()
	if stream.config.Name == "" {
		stream.config = streamConfig("b", &o)
	}
	binds = new(int)
	f.level, f.conn = ttlLevel, &nats.Conn{}
	f.stream = func() (jetstream.Stream, error) {
		*binds++
		return stream, nil
	}
	l = &Layer{
		js: f, guard: natslink.New(f.conn, maxDetached), bucket: newBucket(f, "b", &o),
		readFrom: "$KV.b.", writeTo: "$KV.b.", tombstone: ttlHeader(o.TombstoneTTL),
	}
	t.Cleanup(func() { _ = l.Close() })
	l.guard.Change(nats.CONNECTED)
	return l, binds
}

func TestBucket_EvictsAndHasTTLs(t *testing.T) {
	o := (*Options)(nil).withDefaults()
	c := streamConfig("b", &o)
	if c.Discard != jetstream.DiscardOld || !c.AllowMsgTTL || c.MaxMsgsPerSubject != 1 || c.SubjectDeleteMarkerTTL != 0 {
		t.Errorf("config = %+v", c)
	}
	if err := newBucket(fakeJS{}, "b", &o).suits(c); err != nil {
		t.Errorf("own bucket is unsuitable: %v", err)
	}
}

func TestBucket_UnsuitableOnesAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(*jetstream.StreamConfig)
		want   string
	}{
		{"no ttl", func(c *jetstream.StreamConfig) { c.AllowMsgTTL = false }, "ttl"},
		{"history", func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 5 }, "history of 5"},
		{"subjects", func(c *jetstream.StreamConfig) { c.Subjects = []string{"$KV.other.>"} }, "subjects"},
		{"mirror", func(c *jetstream.StreamConfig) { c.Mirror = &jetstream.StreamSource{} }, "copies"},
		{"sealed", func(c *jetstream.StreamConfig) { c.Sealed = true }, "sealed"},
		{"refuses when full", func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardNew }, "refuses"},
		{"direct reads", func(c *jetstream.StreamConfig) { c.AllowDirect = true }, "StrictReads"},
	}
	o := (&Options{StrictReads: true}).withDefaults()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := streamConfig("b", &o)
			tt.change(&c)
			err := newBucket(fakeJS{}, "b", &o).suits(c)
			if !errors.Is(err, ErrBucket) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want ErrBucket with %q", err, tt.want)
			}
		})
	}
	unlimited := streamConfig("b", &o)
	unlimited.Discard, unlimited.MaxBytes = jetstream.DiscardNew, -1
	if err := newBucket(fakeJS{}, "b", &o).suits(unlimited); err != nil {
		t.Errorf("a bucket without a limit never refuses, but: %v", err)
	}
}

func TestBucket_OldServerIsRefused(t *testing.T) {
	o := (*Options)(nil).withDefaults()
	f := fakeJS{level: 0, stream: func() (jetstream.Stream, error) { return nil, jetstream.ErrStreamNotFound }}
	_, err := newBucket(f, "b", &o).bind(t.Context())
	if !errors.Is(err, ErrBucket) || !strings.Contains(err.Error(), "2.11") {
		t.Errorf("error = %v, want ErrBucket and the version needed", err)
	}
}

func TestBucket_TakesTheOneThatAnotherNodeMadeMeanwhile(t *testing.T) {
	o := (*Options)(nil).withDefaults()
	asked := 0
	f := fakeJS{level: ttlLevel}
	f.stream = func() (jetstream.Stream, error) {
		if asked++; asked == 1 {
			return nil, jetstream.ErrStreamNotFound
		}
		return fakeStream{config: streamConfig("b", &o)}, nil
	}
	f.create = func(jetstream.StreamConfig) (jetstream.Stream, error) {
		return nil, jetstream.ErrStreamNameAlreadyInUse
	}
	if _, err := newBucket(f, "b", &o).bind(t.Context()); err != nil || asked != 2 {
		t.Errorf("bind: %v after asking %d times", err, asked)
	}
}

func TestLayer_LooksForTheBucketAgainWhenItIsGone(t *testing.T) {
	f := fakeJS{put: func(*nats.Msg) (*jetstream.PubAck, error) { return nil, jetstream.ErrNoStreamResponse }}
	l, binds := layer(t, f, fakeStream{err: nats.ErrNoResponders})
	for i := 1; i <= 2; i++ {
		if _, ok, err := l.Get(t.Context(), "k"); ok || !errors.Is(err, nats.ErrNoResponders) || *binds != 2*i-1 {
			t.Errorf("Get: %v, %v after %d searches", ok, err, *binds)
		}
		if err := l.Set(t.Context(), "k", nil, 1); !errors.Is(err, jetstream.ErrNoStreamResponse) || *binds != 2*i {
			t.Errorf("Set: %v after %d searches", err, *binds)
		}
	}
}

func TestLayer_OneLooksAgainAndTheOthersTryOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := layer(t, fakeJS{}, fakeStream{err: jetstream.ErrMsgNotFound})
		first, err := l.bucket.bind(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f := l.js.(fakeJS)
		f.stream = func() (jetstream.Stream, error) {
			time.Sleep(time.Minute) // an election
			return nil, context.DeadlineExceeded
		}
		l.bucket.js = f
		l.bucket.judge(first, nats.ErrNoResponders)
		looking := make(chan error)
		go func() {
			_, _, err := l.Get(t.Context(), "k")
			looking <- err
		}()
		synctest.Wait()
		start := time.Now()
		for range 3 {
			if _, ok, err := l.Get(t.Context(), "k"); ok || err != nil {
				t.Errorf("Get: %v, %v, want a miss", ok, err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the others waited %v", took)
		}
		if err := <-looking; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the one that looked: %v, want %v", err, context.DeadlineExceeded)
		}
		if _, _, err := l.Get(t.Context(), "k"); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestLayer_ForgetsABucketThatHasBecomeUnsuitable(t *testing.T) {
	l, _ := layer(t, fakeJS{}, fakeStream{err: nats.ErrNoResponders})
	if _, _, err := l.Get(t.Context(), "k"); !errors.Is(err, nats.ErrNoResponders) {
		t.Fatal(err)
	}
	f := l.js.(fakeJS)
	f.stream = func() (jetstream.Stream, error) { return fakeStream{}, nil }
	l.bucket.js = f
	for range 2 {
		if _, _, err := l.Get(t.Context(), "k"); !errors.Is(err, ErrBucket) {
			t.Errorf("Get: %v, want %v", err, ErrBucket)
		}
	}
}

func TestLayer_KeepsTheBucketAfterOtherErrors(t *testing.T) {
	l, binds := layer(t, fakeJS{}, fakeStream{err: context.DeadlineExceeded})
	for range 3 {
		if _, ok, err := l.Get(t.Context(), "k"); ok || err == nil {
			t.Errorf("Get: %v, %v, want an error", ok, err)
		}
	}
	if *binds != 1 {
		t.Errorf("%d searches, want 1", *binds)
	}
}

func TestGet_MarkersAndAbsenceAreMisses(t *testing.T) {
	for name, s := range map[string]fakeStream{
		"absent":  {err: jetstream.ErrMsgNotFound},
		"deleted": {msg: &jetstream.RawStreamMsg{Sequence: 7, Header: nats.Header{"KV-Operation": {"DEL"}}}},
		"purged":  {msg: &jetstream.RawStreamMsg{Sequence: 7, Header: nats.Header{"KV-Operation": {"PURGE"}}}},
		"expired": {msg: &jetstream.RawStreamMsg{Sequence: 7, Header: nats.Header{"Nats-Marker-Reason": {"MaxAge"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := layer(t, fakeJS{}, s)
			if data, ok, err := l.Get(t.Context(), "k"); data != nil || ok || err != nil {
				t.Errorf("Get = %q, %v, %v, want a miss", data, ok, err)
			}
			r, err := l.read(t.Context(), "k")
			if s.msg != nil && (r.revision != 7 || err != nil) {
				t.Errorf("revision of the marker = %d, %v, want 7", r.revision, err)
			}
		})
	}
}

func TestSet_SendsLifeAndKey(t *testing.T) {
	var sent *nats.Msg
	f := fakeJS{put: func(m *nats.Msg) (*jetstream.PubAck, error) {
		sent = m
		return &jetstream.PubAck{Sequence: 1}, nil
	}}
	l, _ := layer(t, f, fakeStream{})
	if err := l.Set(t.Context(), "user:1", []byte("v"), 1500*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if sent.Subject != "$KV.b.user=3a1" || sent.Header.Get("Nats-TTL") != "2" || string(sent.Data) != "v" {
		t.Errorf("sent %+v", sent)
	}
	if err := l.Set(t.Context(), "k", nil, core.Forever); err != nil || len(sent.Header) != 0 {
		t.Errorf("for ever: sent %+v, %v", sent, err)
	}
	if err := l.Delete(t.Context(), "k"); err != nil || sent.Header.Get("KV-Operation") != "PURGE" || sent.Header.Get("Nats-TTL") != "60" {
		t.Errorf("delete: sent %+v, %v", sent, err)
	}
}

func TestSet_TooLargeIsToldApart(t *testing.T) {
	for name, refusal := range map[string]error{
		"client": nats.ErrMaxPayload,
		"bucket": &jetstream.APIError{ErrorCode: errMessageSize},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := layer(t, fakeJS{put: func(*nats.Msg) (*jetstream.PubAck, error) { return nil, refusal }}, fakeStream{})
			err := l.Set(t.Context(), "k", []byte("s3cret"), time.Minute)
			if !errors.Is(err, core.ErrTooLarge) || !strings.Contains(err.Error(), `set "k": 6 bytes`) {
				t.Errorf("error = %v, want %v with key and size", err, core.ErrTooLarge)
			}
		})
	}
}

func TestSet_CopiesTheValueWhenItMayOutliveTheCall(t *testing.T) {
	var sent []byte
	f := fakeJS{put: func(m *nats.Msg) (*jetstream.PubAck, error) {
		sent = m.Data
		return &jetstream.PubAck{}, nil
	}}
	l, _ := layer(t, f, fakeStream{})
	done, cancel := context.WithCancel(t.Context())
	cancel()
	l.guard.Note(done, done.Err())
	data := []byte("value")
	if err := l.Set(t.Context(), "k", data, time.Minute); err != nil {
		t.Fatal(err)
	}
	if &sent[0] == &data[0] {
		t.Error("a detached call uses the caller's slice")
	}
}

func TestLayer_EmptyKey(t *testing.T) {
	l, _ := layer(t, fakeJS{}, fakeStream{})
	_, _, err := l.Get(t.Context(), "")
	for _, err := range []error{err, l.Set(t.Context(), "", nil, 1), l.Delete(t.Context(), "")} {
		if !errors.Is(err, core.ErrKey) {
			t.Errorf("error = %v, want %v", err, core.ErrKey)
		}
	}
}

func TestLayer_DoneContextComesFirst(t *testing.T) {
	l, binds := layer(t, fakeJS{}, fakeStream{})
	l.guard.End()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := l.Get(ctx, "k")
	for _, err := range []error{err, l.Set(ctx, "k", nil, 1), l.Delete(ctx, "k"), l.Ping(ctx)} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want %v", err, context.Canceled)
		}
	}
	if *binds != 0 {
		t.Error("asked for the bucket")
	}
}

func TestPing_AsksForTheBucket(t *testing.T) {
	l, binds := layer(t, fakeJS{}, fakeStream{})
	if err := l.Ping(t.Context()); err != nil || *binds != 1 {
		t.Errorf("Ping: %v after %d searches", err, *binds)
	}
	l, _ = layer(t, fakeJS{}, fakeStream{err: nats.ErrNoResponders})
	if err := l.Ping(t.Context()); !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("Ping: %v, want %v", err, nats.ErrNoResponders)
	}
}
