// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/core"
)

// subject is the last message of one key.
type subject struct {
	jetstream.Stream
	config jetstream.StreamConfig
	last   *jetstream.RawStreamMsg
	reads  int
	puts   []*nats.Msg
	// before is called when a write arrives, after it was decided.
	before func(s *subject)
}

func (s *subject) CachedInfo() *jetstream.StreamInfo { return &jetstream.StreamInfo{Config: s.config} }

func (s *subject) GetLastMsgForSubject(context.Context, string) (*jetstream.RawStreamMsg, error) {
	s.reads++
	if s.last == nil {
		return nil, jetstream.ErrMsgNotFound
	}
	return s.last, nil
}

// put is what the server does with a write.
func (s *subject) put(m *nats.Msg) (*jetstream.PubAck, error) {
	s.puts = append(s.puts, m)
	if s.before != nil {
		s.before(s)
	}
	revision := "0"
	if s.last != nil {
		revision = strconv.FormatUint(s.last.Sequence, 10)
	}
	if want := m.Header.Get(jetstream.ExpectedLastSubjSeqHeader); want != "" && want != revision {
		return nil, &jetstream.APIError{ErrorCode: jetstream.JSErrCodeStreamWrongLastSequence}
	}
	s.holds(m.Data, m.Header)
	return &jetstream.PubAck{Sequence: s.last.Sequence}, nil
}

func (s *subject) holds(data []byte, h nats.Header) {
	next := uint64(1)
	if s.last != nil {
		next = s.last.Sequence + 1
	}
	s.last = &jetstream.RawStreamMsg{Sequence: next, Data: data, Header: h}
}

// arbiter returns a layer on s, whose reads are all answered by the leader.
func arbiter(t *testing.T, s *subject) *Layer {
	t.Helper()
	return arbiterWith(t, s, &Options{StrictReads: true})
}

func arbiterWith(t *testing.T, s *subject, opts *Options) *Layer {
	t.Helper()
	o := opts.withDefaults()
	s.config = streamConfig("b", &o)
	l, _ := layer(t, fakeJS{put: s.put}, fakeStream{})
	l.bucket.known.Store(&binding{stream: s})
	return l
}

// version of operation op, higher for a higher one.
func write(mode core.Mode, kind core.WriteKind, op uint64) core.Write {
	h := core.Header{Version: core.Version{Time: int64(op), Node: 0xa0 + op, Op: op}, Kind: kind}
	return core.Write{
		Mode: mode, Data: append(core.AppendHeader(nil, h), "body"...),
		TTL: time.Minute, TombstoneTTL: 1500 * time.Millisecond, Skew: time.Second,
	}
}

func headerOf(w core.Write) core.Header {
	h, _ := core.ParseHeader(w.Data)
	return h
}

func mustArbitrate(t *testing.T, l *Layer, w core.Write) core.Ruling {
	t.Helper()
	r, err := l.Arbitrate(t.Context(), "k", w)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestArbitrate_WritesOnConditionOfWhatItRead(t *testing.T) {
	s := &subject{}
	l := arbiter(t, s)
	for i, want := range []string{"0", "1", "2"} {
		if r := mustArbitrate(t, l, write(core.Force, core.ValueWrite, 1)); !r.Stored || r.Header.Bump != uint32(i) {
			t.Errorf("ruling %+v", r)
		}
		m := s.puts[i]
		if got := m.Header.Get(jetstream.ExpectedLastSubjSeqHeader); got != want || m.Header.Get(jetstream.MsgTTLHeader) != "60" {
			t.Errorf("write %d was sent with %v, want revision %s and a life of 60 s", i, m.Header, want)
		}
	}
}

func TestArbitrate_FillThatSawNothingIsTriedUnread(t *testing.T) {
	s := &subject{}
	l := arbiter(t, s)
	if r := mustArbitrate(t, l, write(core.Fill, core.FillWrite, 1)); !r.Stored || s.reads != 0 || len(s.puts) != 1 {
		t.Errorf("ruling %+v after %d reads and %d writes, want one write", r, s.reads, len(s.puts))
	}
	first := headerOf(write(core.Fill, core.FillWrite, 1))
	if r := mustArbitrate(t, l, write(core.Fill, core.FillWrite, 2)); r != (core.Ruling{Header: first}) || s.reads != 1 {
		t.Errorf("ruling %+v after %d reads, want it refused for the first", r, s.reads)
	}
}

func TestArbitrate_MarkersAreNothingButHaveARevision(t *testing.T) {
	for name, h := range map[string]nats.Header{
		"deleted": {"KV-Operation": {"DEL"}},
		"purged":  {"KV-Operation": {"PURGE"}},
		"expired": {"Nats-Marker-Reason": {"MaxAge"}},
	} {
		for _, mode := range []core.Mode{core.Force, core.Fill, core.Replay} {
			s := &subject{}
			s.holds(nil, h)
			l := arbiter(t, s)
			w := write(mode, core.ValueWrite, 1)
			if r := mustArbitrate(t, l, w); !r.Stored || r.Header != headerOf(w) {
				t.Errorf("%s, mode %d: ruling %+v", name, mode, r)
			}
			if got := s.puts[len(s.puts)-1].Header.Get(jetstream.ExpectedLastSubjSeqHeader); got != "1" {
				t.Errorf("%s, mode %d: expected revision %q, want that of the marker", name, mode, got)
			}
		}
		s := &subject{}
		s.holds(nil, h)
		w := write(core.Fill, core.FillWrite, 2)
		w.Expect = write(core.Force, core.ValueWrite, 1).Data[:core.HeaderSize]
		if r := mustArbitrate(t, arbiter(t, s), w); r != (core.Ruling{}) || len(s.puts) > 0 {
			t.Errorf("%s: a fill that saw a value: %+v", name, r)
		}
	}
}

func TestArbitrate_DecidesAgainAfterAConflict(t *testing.T) {
	s := &subject{}
	l := arbiter(t, s)
	other := write(core.Force, core.ValueWrite, 7)
	s.before = func(s *subject) {
		s.holds(other.Data, nil)
		s.before = nil
	}
	r := mustArbitrate(t, l, write(core.Force, core.ValueWrite, 1))
	if !r.Stored || r.Header.Compare(headerOf(other).Version) <= 0 || len(s.puts) != 2 {
		t.Errorf("ruling %+v after %d writes, want a version above the one that came between", r, len(s.puts))
	}

	s.before = func(s *subject) {
		s.holds(other.Data, nil)
		s.before = nil
	}
	late := write(core.Fill, core.FillWrite, 9)
	late.Expect = core.AppendHeader(nil, r.Header)
	if r := mustArbitrate(t, l, late); r != (core.Ruling{Header: headerOf(other)}) {
		t.Errorf("a fill over what came between: %+v, want it refused", r)
	}
}

func TestArbitrate_DoubtLeavesATombstoneWithItsOwnLife(t *testing.T) {
	s := &subject{}
	s.holds(write(core.Force, core.ValueWrite, 7).Data, nil)
	r := mustArbitrate(t, arbiter(t, s), write(core.Replay, core.ValueWrite, 1))
	if !r.Stored || r.Header.Kind != core.TombstoneWrite {
		t.Errorf("ruling %+v, want a tombstone", r)
	}
	if m := s.puts[0]; len(m.Data) != core.HeaderSize || m.Header.Get(jetstream.MsgTTLHeader) != "2" {
		t.Errorf("sent %d bytes with %v, want a header for 1.5 s, rounded up", len(m.Data), m.Header)
	}
}

// A replica that answers late must decide nothing: what is stored is proven by
// the revision, and what is not by the leader.
func TestArbitrate_LateReplicaDecidesNothing(t *testing.T) {
	older, newer := write(core.Force, core.ValueWrite, 1), write(core.Force, core.ValueWrite, 2)
	sawNewer := write(core.Fill, core.FillWrite, 3)
	sawNewer.Expect = newer.Data[:core.HeaderSize]
	for name, w := range map[string]core.Write{
		"a force":                      write(core.Force, core.ValueWrite, 3),
		"a fill that saw the newer":    sawNewer,
		"a fill that saw nothing":      write(core.Fill, core.FillWrite, 3),
		"the replay of the older":      func() core.Write { w := older; w.Mode = core.Replay; return w }(),
		"the replay of what is newest": func() core.Write { w := newer; w.Mode = core.Replay; return w }(),
	} {
		s, replica := &subject{}, &subject{}
		s.holds(older.Data, nil)
		replica.holds(older.Data, nil)
		s.holds(newer.Data, nil)
		l := arbiterWith(t, s, nil)
		replica.config = s.config
		l.bucket.known.Store(&binding{stream: replica})
		l.bucket.leader = func(ctx context.Context, _ jetstream.Stream, subject string) (*jetstream.RawStreamMsg, error) {
			return s.GetLastMsgForSubject(ctx, subject)
		}
		want := w.Decide(newer.Data)
		if r := mustArbitrate(t, l, w); r != want.Ruling {
			t.Errorf("%s: ruling %+v, want %+v", name, r, want.Ruling)
		}
		if want.Store && string(s.last.Data) != string(want.Data) {
			t.Errorf("%s: the place holds %q", name, s.last.Data)
		}
	}
}

// busy has another write come between each time.
func busy(t *testing.T) (*Layer, *subject) {
	s := &subject{}
	l := arbiter(t, s)
	op := uint64(100)
	s.before = func(s *subject) {
		op++
		s.holds(write(core.Force, core.ValueWrite, op).Data, nil)
	}
	return l, s
}

// A write that was put without the condition might have a version below that of
// one that came between, and be taken for the older one.
func TestArbitrate_GivesUpInTheEnd(t *testing.T) {
	for _, mode := range []core.Mode{core.Force, core.Replay} {
		synctest.Test(t, func(t *testing.T) {
			l, s := busy(t)
			start := time.Now()
			r, err := l.Arbitrate(t.Context(), "k", write(mode, core.ValueWrite, 1_000_000))
			if !errors.Is(err, errContended) || r != (core.Ruling{}) || len(s.puts) != maxTries {
				t.Errorf("mode %d: %+v, %v after %d writes", mode, r, err, len(s.puts))
			}
			if !strings.Contains(err.Error(), `natsdist: arbitrate "k"`) {
				t.Errorf("error %q", err)
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("mode %d: %d attempts took %v", mode, maxTries, took)
			}
			for i, m := range s.puts {
				if m.Header.Get(jetstream.ExpectedLastSubjSeqHeader) == "" {
					t.Errorf("mode %d: write %d had no condition", mode, i)
				}
			}
		})
	}
}

func TestArbitrate_PausesWithinItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s := busy(t)
		ctx, cancel := context.WithCancel(t.Context())
		inner := s.before
		s.before = func(s *subject) {
			if inner(s); len(s.puts) == 5 {
				cancel()
			}
		}
		start := time.Now()
		_, err := l.Arbitrate(ctx, "k", write(core.Force, core.ValueWrite, 1))
		if !errors.Is(err, context.Canceled) || len(s.puts) != 5 || time.Since(start) > 8*time.Millisecond {
			t.Errorf("%v after %d writes and %v", err, len(s.puts), time.Since(start))
		}
	})
}

// While a message is on its way to the replicas nobody knows what it will have
// done.
func TestArbitrate_WaitsForMessagesOnTheirWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &subject{}
		l := arbiter(t, s)
		f := l.js.(fakeJS)
		sent := 0
		f.put = func(m *nats.Msg) (*jetstream.PubAck, error) {
			if sent++; sent < maxTries {
				return nil, &jetstream.APIError{ErrorCode: jetstream.JSErrCodeStreamWrongLastSequenceConstant}
			}
			return s.put(m)
		}
		l.js = f
		if r := mustArbitrate(t, l, write(core.Force, core.ValueWrite, 1)); !r.Stored {
			t.Errorf("ruling %+v", r)
		}
	})
}

func TestIsConflict_KnowsBothCodes(t *testing.T) {
	for code, want := range map[jetstream.ErrorCode]bool{10071: true, 10164: true, 10077: false} {
		if got := isConflict(&jetstream.APIError{ErrorCode: code}); got != want {
			t.Errorf("code %d: %v", code, got)
		}
	}
	if isConflict(nil) || isConflict(nats.ErrNoResponders) {
		t.Error("no API error is no conflict")
	}
}

func TestArbitrate_OtherErrorsEndIt(t *testing.T) {
	l, _ := layer(t, fakeJS{put: func(*nats.Msg) (*jetstream.PubAck, error) { return nil, jetstream.ErrNoStreamResponse }},
		fakeStream{err: jetstream.ErrMsgNotFound})
	if _, err := l.Arbitrate(t.Context(), "k", write(core.Force, core.ValueWrite, 1)); !errors.Is(err, jetstream.ErrNoStreamResponse) {
		t.Errorf("a write that fails: %v", err)
	}
	l, _ = layer(t, fakeJS{}, fakeStream{err: nats.ErrNoResponders})
	if _, err := l.Arbitrate(t.Context(), "k", write(core.Force, core.ValueWrite, 1)); !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("a read that fails: %v", err)
	}
	if _, _, err := l.ReadHeader(t.Context(), "k"); !errors.Is(err, nats.ErrNoResponders) || !strings.Contains(err.Error(), `read header "k"`) {
		t.Errorf("read header: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, mode := range []core.Mode{core.Force, core.Fill, core.Replay} {
		if _, err := l.Arbitrate(ctx, "k", write(mode, core.ValueWrite, 1)); !errors.Is(err, context.Canceled) {
			t.Errorf("mode %d with a done context: %v", mode, err)
		}
	}
}

func TestReadHeader_CutsTheValue(t *testing.T) {
	s := &subject{}
	l := arbiter(t, s)
	if header, ok, err := l.ReadHeader(t.Context(), "k"); ok || err != nil || len(header) > 0 {
		t.Errorf("of nothing: %q, %v, %v", header, ok, err)
	}
	data := write(core.Force, core.ValueWrite, 1).Data
	s.holds(data, nil)
	header, ok, err := l.ReadHeader(t.Context(), "k")
	if string(header) != string(data[:core.HeaderSize]) || !ok || err != nil {
		t.Errorf("of a value: %q, %v, %v", header, ok, err)
	}
	s.holds(data[:5], nil)
	if header, ok, err := l.ReadHeader(t.Context(), "k"); string(header) != "H1000" || !ok || err != nil {
		t.Errorf("of a short value: %q, %v, %v", header, ok, err)
	}
	s.holds(nil, nats.Header{"KV-Operation": {"PURGE"}})
	if header, ok, err := l.ReadHeader(t.Context(), "k"); ok || err != nil || len(header) > 0 {
		t.Errorf("of a marker: %q, %v, %v", header, ok, err)
	}
}

func TestParseStored_ReadsWhatTheLeaderAnswers(t *testing.T) {
	msg, err := parseStored([]byte(`{"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"$KV.b.k","seq":7,` +
		`"hdrs":"TkFUUy8xLjANCktWLU9wZXJhdGlvbjogUFVSR0UNCg0K","data":"Ym9keQ==","time":"2026-01-02T03:04:05Z"}}`))
	if err != nil || msg.Sequence != 7 || string(msg.Data) != "body" || !isMarker(msg.Header) {
		t.Errorf("%+v, %v", msg, err)
	}
	if msg, err := parseStored([]byte(`{"message":{"seq":8}}`)); err != nil || msg.Sequence != 8 || len(msg.Data) > 0 || isMarker(msg.Header) {
		t.Errorf("an empty value: %+v, %v", msg, err)
	}
	for answer, want := range map[string]error{
		`{"error":{"code":404,"err_code":10037,"description":"no message found"}}`: jetstream.ErrMsgNotFound,
		`{"error":{"code":404,"err_code":10059,"description":"stream not found"}}`: jetstream.ErrStreamNotFound,
		`{}`: jetstream.ErrInvalidJetStreamResponse,
	} {
		if _, err := parseStored([]byte(answer)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", answer, err, want)
		}
	}
	for _, answer := range []string{``, `[]`, `{"message":{"seq":"x"}}`, `{"message":{"seq":1,"hdrs":"AAAA"}}`} {
		if msg, err := parseStored([]byte(answer)); err == nil {
			t.Errorf("%s: %+v", answer, msg)
		}
	}
}
