// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

var update = flag.Bool("update", false, "write golden files that are not there yet")

// golden returns the bytes of a golden file. Those of a released version never
// change, so -update adds files and replaces none.
func golden(t *testing.T, name string, now []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", "v1", name+".bin")
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) && *update {
		data, err = now, os.WriteFile(path, now, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// v2 stands for the format of a later release: it writes bodies of version 2 and
// reads both.
type v2 struct{ wire.V1 }

func (f v2) Begin(dst []byte, r wire.Record) []byte {
	return append(core.AppendHeader(dst, r.Header), 2, 0)
}

func (f v2) Parse(key string, data []byte, offset time.Duration) (wire.Frame, error) {
	h, err := core.ParseHeader(data)
	if err != nil || h.Kind == core.TombstoneWrite || len(data) < core.HeaderSize+6 || data[core.HeaderSize] != 2 {
		return f.V1.Parse(key, data, offset)
	}
	return wire.Frame{Header: h, Payload: data[core.HeaderSize+2 : len(data)-4]}, nil
}

func TestSeed_DC19_FramesAreTheGoldenBytes(t *testing.T) {
	for _, s := range samples() {
		want := golden(t, "frame-"+s.name, s.frame())
		if got := s.frame(); !bytes.Equal(got, want) {
			t.Errorf("%s: wrote\n%q, the golden file has\n%q", s.name, got, want)
		}
		for _, format := range []wire.Format{wire.V1{}, v2{}} {
			f, err := format.Parse(s.record.Key, want, offset)
			meta := s.record.Meta
			meta.Version = version()
			if err != nil || f.Header != s.record.Header || !reflect.DeepEqual(f.Meta, meta) || string(f.Payload) != s.payload {
				t.Errorf("%s: %T read %+v, %v", s.name, format, f, err)
			}
		}
	}
}

func TestSeed_DC19_MessagesAreTheGoldenBytes(t *testing.T) {
	for name, m := range messages() {
		now := wire.AppendMessage(nil, m)
		want := golden(t, "message-"+name, now)
		if !bytes.Equal(now, want) {
			t.Errorf("%s: wrote\n%q, the golden file has\n%q", name, now, want)
		}
		if got, err := wire.ParseMessage(want); err != nil || got != m {
			t.Errorf("%s: read %+v, %v", name, got, err)
		}
	}
}

// No golden file is left without a test, and none is lost with its sample.
func TestSeed_DC19_EveryGoldenFileIsRead(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "v1", "*.bin"))
	if err != nil || len(files) != len(samples())+len(messages()) {
		t.Errorf("%d files, %d frames and %d messages; %v", len(files), len(samples()), len(messages()), err)
	}
}

func TestSeed_DC19_AnUnknownVersionIsNewerAndHasAHeader(t *testing.T) {
	r := samples()[0].record
	data := wire.AppendFrame(v2{}, nil, r, []byte("in a way unknown to V1"))
	f, err := wire.V1{}.Parse(r.Key, data, offset)
	if err != wire.ErrNewer || f.Header != r.Header || !reflect.DeepEqual(f.Meta, core.Meta{}) || f.Payload != nil {
		t.Errorf("V1 read %+v, %v", f, err)
	}
	if f, err = (v2{}).Parse(r.Key, data, offset); err != nil || string(f.Payload) != "in a way unknown to V1" {
		t.Errorf("v2 read %+v, %v", f, err)
	}
}
