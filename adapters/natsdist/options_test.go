// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestOptions_ZeroMeansDefaults(t *testing.T) {
	want := Options{MaxBytes: 256 << 20, Replicas: 1, TombstoneTTL: time.Minute}
	for _, o := range []*Options{nil, {}} {
		got := o.withDefaults()
		if got.MaxBytes != want.MaxBytes || got.Replicas != want.Replicas || got.TombstoneTTL != want.TombstoneTTL ||
			got.Storage != jetstream.FileStorage || got.StrictReads || got.Lazy || got.Conn != nil {
			t.Errorf("defaults = %+v, want %+v", got, want)
		}
		if err := got.validate("cache"); err != nil {
			t.Error(err)
		}
	}
}

func TestOptions_AllProblemsAreNamedAtOnce(t *testing.T) {
	bad := Options{Storage: 7, MaxBytes: -1, Replicas: 6, TombstoneTTL: time.Millisecond}
	_, err := New(t.Context(), fakeJS{conn: &nats.Conn{}}, "a.b", &bad)
	for _, option := range []string{"bucket", "Options.Storage", "Options.MaxBytes", "Options.Replicas", "Options.TombstoneTTL"} {
		if err == nil || !strings.Contains(err.Error(), "natsdist."+option+":") {
			t.Errorf("error does not name %s: %v", option, err)
		}
	}
	if _, ok := errors.AsType[*core.OptionError](err); !ok {
		t.Errorf("no *core.OptionError in %v", err)
	}
}

func TestOptions_BucketNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"cache": true, "A-b_9": true, strings.Repeat("b", maxBucketLen): true,
		"": false, "a.b": false, "a b": false, "a/b": false, "a=b": false, "ü": false, ">": false,
		strings.Repeat("b", maxBucketLen+1): false,
	} {
		o := (*Options)(nil).withDefaults()
		if err := o.validate(name); (err == nil) != ok {
			t.Errorf("bucket %q: %v, want ok %v", name, err, ok)
		}
	}
}

func TestNew_RefusesWhatIsMissingOrForOpen(t *testing.T) {
	if _, err := New(t.Context(), nil, "b", nil); err == nil {
		t.Error("no error for a nil JetStream")
	}
	if _, err := New(t.Context(), fakeJS{}, "b", nil); err == nil {
		t.Error("no error for a nil connection")
	}
	opts := &Options{Conn: []nats.Option{nats.Name("x")}}
	if _, err := New(t.Context(), fakeJS{conn: &nats.Conn{}}, "b", opts); err == nil || !strings.Contains(err.Error(), "Options.Conn") {
		t.Errorf("error = %v, want one about Options.Conn", err)
	}
}

func TestConnOptions_AreAccepted(t *testing.T) {
	o := nats.GetDefaultOptions()
	for _, set := range ConnOptions() {
		if err := set(&o); err != nil {
			t.Error(err)
		}
	}
	noticed := o.PingInterval * time.Duration(o.MaxPingsOut+1)
	if o.MaxReconnect != -1 || o.ReconnectBufSize != -1 || noticed > 3*time.Second || !o.IgnoreAuthErrorAbort {
		t.Errorf("options = %+v", o)
	}
}
