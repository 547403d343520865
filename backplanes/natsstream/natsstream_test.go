// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/core"
)

// unconnected returns a handle whose connection tries in vain.
func unconnected(t *testing.T) jetstream.JetStream {
	t.Helper()
	conn, err := nats.Connect("nats://127.0.0.1:1", nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func TestOptions_ZeroMeansDefaults(t *testing.T) {
	want := Options{Stream: "shop:1:bus_a", MaxMessages: 10_000, MaxAge: time.Hour, Replicas: 1, Repair: time.Minute}
	for _, o := range []*Options{nil, {}} {
		if got := o.withDefaults("shop:1:bus.a"); got != want {
			t.Errorf("defaults = %+v, want %+v", got, want)
		}
	}
	c := want.stream("s")
	if c.Storage != jetstream.MemoryStorage || c.Discard != jetstream.DiscardOld || c.MaxMsgs != 10_000 || c.MaxAge != time.Hour {
		t.Errorf("stream %+v", c)
	}
	if want.Files = true; want.stream("s").Storage != jetstream.FileStorage {
		t.Error("files are not used")
	}
}

func TestNew_NamesAllProblems(t *testing.T) {
	js := unconnected(t)
	bad := &Options{Stream: "a.b", MaxMessages: -1, MaxAge: time.Millisecond, Replicas: 6, Repair: -1}
	_, err := New(js, "a..b", bad)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"subject", "Options.Stream", "Options.MaxMessages", "Options.MaxAge", "Options.Replicas", "Options.Repair"} {
		if !strings.Contains(err.Error(), "natsstream."+want) {
			t.Errorf("error does not name %s: %v", want, err)
		}
	}
	if _, ok := errors.AsType[*core.OptionError](err); !ok {
		t.Errorf("no option error in %v", err)
	}
	if _, err := New(nil, "a", nil); err == nil {
		t.Error("accepted without a JetStream")
	}
	for _, subject := range []string{"", strings.Repeat("x", 256), "a b", "a.*", "a.>", "$a", ".a", "a.", "a\n"} {
		if _, err := New(js, subject, nil); err == nil {
			t.Errorf("subject %q was accepted", subject)
		}
	}
}

func TestMethods_FailAtOnceWhileDisconnected(t *testing.T) {
	b, err := New(unconnected(t), "a", nil)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for op, err := range map[string]error{
		"publish": b.Publish(t.Context(), nil), "ping": b.Ping(t.Context()), "subscribe": b.Subscribe(t.Context(), nil),
	} {
		if !errors.Is(err, nats.ErrDisconnected) {
			t.Errorf("%s: %v, want %v", op, err, nats.ErrDisconnected)
		}
	}
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("took %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for op, err := range map[string]error{
		"publish": b.Publish(ctx, nil), "ping": b.Ping(ctx), "subscribe": b.Subscribe(ctx, nil),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a done context: %v", op, err)
		}
	}
}

func TestAPIPrefix_ReachesOtherAccountsAndDomains(t *testing.T) {
	for want, o := range map[string]jetstream.JetStreamOptions{
		"$JS.API.":     {},
		"JS.acc.":      {APIPrefix: "JS.acc"},
		"JS.dot.":      {APIPrefix: "JS.dot."},
		"$JS.hub.API.": {Domain: "hub"},
	} {
		if got := apiPrefix(o); got != want {
			t.Errorf("%+v: %q, want %q", o, got, want)
		}
	}
}

func TestReader_TellsMessagesFromAnswers(t *testing.T) {
	r := &reader{open: batch}
	for status, want := range map[string]struct {
		open   int
		failed bool
	}{"100": {batch, false}, "404": {0, false}, "408": {0, false}, "409": {batch, true}, "503": {batch, true}, "": {batch, true}} {
		r.open = batch
		meta, err := r.sort(&nats.Msg{Header: nats.Header{"Status": {status}}})
		if meta != nil || (err != nil) != want.failed || r.open != want.open {
			t.Errorf("status %q: %v, %v, %d open; want %+v", status, meta, err, r.open, want)
		}
	}
}

func TestTransient_KnowsWhatMayPass(t *testing.T) {
	for _, err := range []error{
		ErrStalled, nats.ErrDisconnected, nats.ErrNoResponders, &jetstream.APIError{Code: 503, ErrorCode: 10008},
		jetstream.ErrStreamNotFound,
	} {
		if !transient(fmt.Errorf("wrapped: %w", err)) {
			t.Errorf("%v may pass", err)
		}
	}
	for _, err := range []error{ErrStream, &jetstream.APIError{Code: 400, ErrorCode: 10023}} {
		if transient(fmt.Errorf("wrapped: %w", err)) {
			t.Errorf("%v does not pass", err)
		}
	}
}
