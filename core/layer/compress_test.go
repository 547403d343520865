// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/layer"
)

// framed is a value with an ordering header.
func framed(body string) []byte {
	h := core.Header{Version: core.Version{Time: 1, Node: 1, Op: 1}, Kind: core.ValueWrite}
	return append(core.AppendHeader(nil, h), body...)
}

func stored(t *testing.T, s *localdist.Store) []byte {
	t.Helper()
	data, ok, err := s.Get(t.Context(), "k")
	if !ok || err != nil {
		t.Fatalf("%v, %v", ok, err)
	}
	return data
}

func put(t *testing.T, d core.DistributedLayer, data []byte) {
	t.Helper()
	if err := d.Set(t.Context(), "k", data, time.Minute); err != nil {
		t.Fatal(err)
	}
}

// expectBody is a Get that must give the value with that body.
func expectBody(t *testing.T, d core.DistributedLayer, body string) {
	t.Helper()
	if data, ok, err := d.Get(t.Context(), "k"); string(data) != string(framed(body)) || !ok || err != nil {
		t.Errorf("%d bytes, %v, %v, want %d", len(data), ok, err, len(framed(body)))
	}
}

// expectUnreadable is a Get that must give the header alone: a miss for a stack,
// which the next load replaces.
func expectUnreadable(t *testing.T, d core.DistributedLayer) {
	t.Helper()
	if data, ok, err := d.Get(t.Context(), "k"); !bytes.Equal(data, framed("")) || !ok || err != nil {
		t.Errorf("%q, %v, %v, want the header", data, ok, err)
	}
}

func TestCompress_OnlyWhatGetsSmaller(t *testing.T) {
	store := newStore(t)
	d := must(t)(layer.Compress(store, nil))
	for _, body := range []string{"", "short", "z", "zebra", "z\x00", strings.Repeat("text ", 1000), string(noise(5000))} {
		put(t, d, framed(body))
		expectBody(t, d, body)
		smaller := len(stored(t, store)) < len(framed(body))
		if want := strings.HasPrefix(body, "text"); smaller != want {
			t.Errorf("%d bytes are stored as %d", len(framed(body)), len(stored(t, store)))
		}
	}
}

// noise is what does not compress.
func noise(n int) []byte {
	out := make([]byte, n)
	x := uint32(1)
	for i := range out {
		x = x*1664525 + 1013904223
		out[i] = byte(x >> 24)
	}
	return out
}

func TestCompress_ReadsWhatWasStoredWithoutIt(t *testing.T) {
	store := newStore(t)
	put(t, store, framed("\x01plain"))
	expectBody(t, must(t)(layer.Compress(store, nil)), "\x01plain")
}

// tally is a way to compress text of one letter to nearly nothing.
type tally struct{}

func (tally) ID() byte { return 9 }

func (tally) Compress(dst, src []byte) ([]byte, error) { return append(dst, src[0]), nil }

func (tally) Decompress(dst, src []byte, n int) ([]byte, error) {
	return append(dst, bytes.Repeat(src, n)...), nil
}

// What could not be read again for its size is not compressed.
func TestCompress_CanReadWhatItStores(t *testing.T) {
	for _, size := range []int{1000, 1001, 2000, 2001} {
		for _, how := range []layer.Compression{tally{}, layer.Deflate()} {
			d := must(t)(layer.Compress(newStore(t), &layer.CompressOptions{How: how, MinSize: 1, MaxSize: 2000}))
			body := strings.Repeat("z", size)
			put(t, d, framed(body))
			expectBody(t, d, body)
		}
	}
}

func TestCompress_HostileBytesAreUnreadableWithinLimits(t *testing.T) {
	store := newStore(t)
	d := must(t)(layer.Compress(store, &layer.CompressOptions{MaxSize: 1 << 20}))
	bomb := func(claim uint64, fill string) string {
		out, err := layer.Deflate().Compress(binary.AppendUvarint([]byte("z\x01"), claim), []byte(fill))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for name, body := range map[string]string{
		"nothing after the mark":     "z",
		"no length":                  "z\x01",
		"unknown compression":        "z\x07\x01a",
		"too large":                  bomb(2<<20, strings.Repeat("a", 2<<20)),
		"larger than it says":        bomb(1000, strings.Repeat("a", 2000)),
		"smaller than it says":       bomb(2000, strings.Repeat("a", 1000)),
		"claims what cannot be":      "z\x01\xff\xff\x3fxx",
		"an endless length":          "z\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"no deflate":                 "z\x01\x05hello",
		"a length beyond any memory": "z\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + strings.Repeat("a", 100),
	} {
		t.Run(name, func(t *testing.T) {
			put(t, store, framed(body))
			expectUnreadable(t, d)
		})
	}
}

func FuzzCompress_OpensAnything(f *testing.F) {
	f.Add([]byte("z\x01\x05hello"))
	f.Add([]byte("plain"))
	f.Fuzz(func(t *testing.T, body []byte) {
		store := newStore(t)
		d := must(t)(layer.Compress(store, &layer.CompressOptions{MaxSize: 1 << 16, MinSize: 1}))
		put(t, store, framed(string(body)))
		if data, ok, err := d.Get(t.Context(), "k"); !ok || err != nil || len(data) > core.HeaderSize+1<<16+len(body) {
			t.Errorf("%d bytes, %v, %v", len(data), ok, err)
		}
		put(t, d, framed(string(body)))
		if len(body) > 0 {
			expectBody(t, d, string(body))
		}
	})
}

func TestCompress_RefusesNegativeSizes(t *testing.T) {
	if _, err := layer.Compress(newStore(t), &layer.CompressOptions{MaxSize: -1}); err == nil {
		t.Error("no error")
	}
}
