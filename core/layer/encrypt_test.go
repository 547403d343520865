// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/layer"
)

func secret(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func TestEncrypt_ServerLearnsNoValue(t *testing.T) {
	store := newStore(t)
	d := must(t)(layer.Encrypt(store, secret(1)))
	put(t, d, framed("a canary"))
	if bytes.Contains(stored(t, store), []byte("canary")) {
		t.Errorf("stored as %q", stored(t, store))
	}
	expectBody(t, d, "a canary")
	first := stored(t, store)
	put(t, d, framed("a canary"))
	if bytes.Equal(first, stored(t, store)) {
		t.Error("the same value is stored as the same bytes")
	}
}

func TestEncrypt_KeysAreReplacedOneAfterTheOther(t *testing.T) {
	store := newStore(t)
	put(t, must(t)(layer.Encrypt(store, secret(1))), framed("v"))
	both := must(t)(layer.Encrypt(store, secret(2), secret(1)))
	expectBody(t, both, "v")
	expectUnreadable(t, must(t)(layer.Encrypt(store, secret(2))))
	put(t, both, framed("w"))
	expectBody(t, must(t)(layer.Encrypt(store, secret(2))), "w")
}

// Whatever somebody without the key changes, there is no value.
func TestEncrypt_NoByteCanBeChanged(t *testing.T) {
	store := newStore(t)
	d := must(t)(layer.Encrypt(store, secret(1)))
	put(t, d, framed("value"))
	intact := stored(t, store)
	for i := core.HeaderSize; i < len(intact); i++ {
		changed := bytes.Clone(intact)
		changed[i] ^= 1
		put(t, store, changed)
		expectUnreadable(t, d)
	}
	for n := core.HeaderSize + 1; n < len(intact); n++ {
		put(t, store, intact[:n])
		expectUnreadable(t, d)
	}
	put(t, store, framed("not encrypted"))
	expectUnreadable(t, d)
}

func TestEncrypt_ValueBelongsToItsKey(t *testing.T) {
	store := newStore(t)
	d := must(t)(layer.Encrypt(store, secret(1)))
	put(t, d, framed("value"))
	if err := store.Set(t.Context(), "other", stored(t, store), time.Minute); err != nil {
		t.Fatal(err)
	}
	if data, _, err := d.Get(t.Context(), "other"); err != nil || !bytes.Equal(data, framed("")) {
		t.Errorf("%q, %v", data, err)
	}
}

func TestEncrypt_RefusesWrongKeysWithoutShowingThem(t *testing.T) {
	for _, keys := range [][][]byte{nil, {[]byte("canary")}, {secret(1), []byte("canary")}} {
		_, err := layer.Encrypt(newStore(t), keys...)
		if err == nil || bytes.Contains([]byte(err.Error()), []byte("canary")) {
			t.Errorf("%d keys: %v", len(keys), err)
		}
	}
}

func BenchmarkEncryptAndCompress(b *testing.B) {
	d := must(b)(layer.Encrypt(newStore(b), secret(1)))
	d = must(b)(layer.Compress(d, nil))
	data := framed(string(bytes.Repeat([]byte("1 KiB of text. "), 68)))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Set(b.Context(), "k", data, time.Minute); err != nil {
			b.Fatal(err)
		}
		if _, _, err := d.Get(b.Context(), "k"); err != nil {
			b.Fatal(err)
		}
	}
}
