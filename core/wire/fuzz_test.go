// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire_test

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"runtime/metrics"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// checkAllocated fails if f allocates much more than data is long. Other
// goroutines are measured too, so only what happens every time counts. Small
// objects are counted late, which the limit leaves room for.
func checkAllocated(t *testing.T, data []byte, f func()) {
	t.Helper()
	limit := uint64(4*len(data) + 64<<10)
	var used uint64
	for range 3 {
		before := allocated()
		f()
		if used = allocated() - before; used <= limit {
			return
		}
	}
	t.Errorf("%d bytes of data took %d bytes of memory", len(data), used)
}

func allocated() uint64 {
	sample := [1]metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample[:])
	return sample[0].Value.Uint64()
}

func FuzzParseHeader(f *testing.F) {
	for _, s := range samples() {
		f.Add(s.frame())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var h core.Header
		var err error
		checkAllocated(t, data, func() { h, err = core.ParseHeader(data) })
		if err == nil && !bytes.Equal(core.AppendHeader(nil, h), data[:core.HeaderSize]) {
			t.Errorf("%q was taken for %+v", data[:core.HeaderSize], h)
		}
	})
}

// FuzzParseFrame tries the data as it is and with a header and a checksum that
// fit, to get past them.
func FuzzParseFrame(f *testing.F) {
	for _, s := range samples() {
		data := s.frame()
		f.Add(s.record.Key, data)
		if len(data) > core.HeaderSize {
			f.Add(s.record.Key, data[core.HeaderSize:len(data)-4])
		}
	}
	header := core.AppendHeader(nil, core.Header{Version: version(), Kind: core.FillWrite})
	f.Fuzz(func(t *testing.T, key string, data []byte) {
		checkFrame(t, key, data)
		body := append(header[:core.HeaderSize:core.HeaderSize], data...)
		checkFrame(t, key, binary.BigEndian.AppendUint32(body, crc(key, body[25:])))
	})
}

func checkFrame(t *testing.T, key string, data []byte) {
	t.Helper()
	var f wire.Frame
	var err error
	checkAllocated(t, data, func() { f, err = wire.V1{}.Parse(key, data, offset) })
	if err != nil {
		if f.Payload != nil {
			t.Errorf("payload %q with %v", f.Payload, err)
		}
		return
	}
	// The first time is as it came; from then on nothing may change.
	again := reframe(t, key, f)
	if final := reframe(t, key, again); !reflect.DeepEqual(again, final) {
		t.Errorf("%+v became %+v", again, final)
	}
	if again.Header != f.Header || !bytes.Equal(again.Payload, f.Payload) || !reflect.DeepEqual(again.Meta.Stamp, f.Meta.Stamp) {
		t.Errorf("%+v became %+v", f, again)
	}
}

func reframe(t *testing.T, key string, f wire.Frame) wire.Frame {
	t.Helper()
	r := wire.Record{Key: key, Header: f.Header, Meta: f.Meta, Offset: offset}
	again, err := wire.V1{}.Parse(key, wire.AppendFrame(wire.V1{}, nil, r, f.Payload), offset)
	if err != nil {
		t.Fatalf("%+v, written again: %v", f, err)
	}
	return again
}

// FuzzParseMessage tries the data as it is and with a version and a checksum
// that fit, to get past them.
func FuzzParseMessage(f *testing.F) {
	for _, m := range messages() {
		data := wire.AppendMessage(nil, m)
		f.Add(data)
		f.Add(data[1 : len(data)-4])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		checkMessage(t, data)
		checkMessage(t, sealed(append([]byte{1}, data...)))
	})
}

func checkMessage(t *testing.T, data []byte) {
	t.Helper()
	var m wire.Message
	var err error
	checkAllocated(t, data, func() { m, err = wire.ParseMessage(data) })
	if err != nil {
		return
	}
	if m.Version != core.Fit(m.Version) {
		t.Errorf("version %+v fits no header", m.Version)
	}
	again, err := wire.ParseMessage(wire.AppendMessage(nil, m))
	if err != nil || again != m {
		t.Errorf("%+v became %+v, %v", m, again, err)
	}
}
