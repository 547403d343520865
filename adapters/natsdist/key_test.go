// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

// legal is what the client of KV accepts, together with the rule for dots.
var legal = regexp.MustCompile(`^[-/_=a-zA-Z0-9]+(\.[-/_=a-zA-Z0-9]+)*$`)

// decodeKey is the inverse of encodeKey for keys that are not hashed.
func decodeKey(encoded string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(encoded); i++ {
		if encoded[i] != '=' {
			b.WriteByte(encoded[i])
			continue
		}
		if i+3 > len(encoded) {
			return "", fmt.Errorf("cut off at %d", i)
		}
		octet, err := hex.DecodeString(encoded[i+1 : i+3])
		if err != nil {
			return "", err
		}
		b.Write(octet)
		i += 2
	}
	return b.String(), nil
}

func TestEncodeKey_EscapesWhatKVRefuses(t *testing.T) {
	tests := []struct{ key, want string }{
		{"user", "user"},
		{"user:1", "user=3a1"},
		{"a.b/c-d_e", "a.b/c-d_e"},
		{"AzZ09", "AzZ09"},
		{"a=b", "a=3db"},
		{".", "=2e"},
		{"..", "=2e=2e"},
		{".a", "=2ea"},
		{"a.", "a=2e"},
		{"a..b", "a.=2eb"},
		{"a...b", "a.=2e=2eb"},
		{"a b*>$", "a=20b=2a=3e=24"},
		{"\x00\n\xff", "=00=0a=ff"},
		{"é", "=c3=a9"},
		{"=3a", "=3d3a"},
		{hashMark + "x", "=3dsha256-x"},
		{strings.Repeat("k", maxEncoded), strings.Repeat("k", maxEncoded)},
	}
	for _, tt := range tests {
		if got := encodeKey(tt.key); got != tt.want {
			t.Errorf("encodeKey(%q) = %q, want %q", tt.key, got, tt.want)
		}
	}
}

func TestEncodeKey_HashesLongKeys(t *testing.T) {
	long := strings.Repeat("k", maxEncoded+1)
	keys := []string{
		long, long + "k", "l" + long[1:], long[1:] + "l",
		strings.Repeat("\xff", core.MaxKeyLen), strings.Repeat("\xfe", core.MaxKeyLen), strings.Repeat(":", maxEncoded/3+1),
	}
	seen := map[string]string{}
	for _, key := range keys {
		got := encodeKey(key)
		if !strings.HasPrefix(got, hashMark) || len(got) != len(hashMark)+64 || !legal.MatchString(got) {
			t.Errorf("encodeKey of %d bytes = %q, want a hash", len(key), got)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%.10q... and %.10q... have the same encoding", key, other)
		}
		seen[got] = key
	}
}

func TestEncodeKey_LeavesPlainKeysAlone(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { encodeKey("shop/product.4711") }); n != 0 {
		t.Errorf("%v allocations for a key without escapes, want 0", n)
	}
}

func FuzzEncodeKey(f *testing.F) {
	for _, seed := range []string{"a", "user:1", "..", "a..b", "=3d", "=", "\xff\x00", hashMark, strings.Repeat(":", 501)} {
		f.Add(seed, seed+".")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if a == "" {
			return
		}
		encoded := encodeKey(a)
		if !legal.MatchString(encoded) || len(encoded) > maxEncoded {
			t.Fatalf("encodeKey(%q) = %q, which KV refuses", a, encoded)
		}
		if a != b && encoded == encodeKey(b) {
			t.Fatalf("%q and %q have the same encoding %q", a, b, encoded)
		}
		if strings.HasPrefix(encoded, hashMark) {
			return
		}
		if back, err := decodeKey(encoded); err != nil || back != a {
			t.Fatalf("%q comes back as %q, %v", a, back, err)
		}
	})
}

func BenchmarkEncodeKey(b *testing.B) {
	for _, key := range []string{"shop/product.4711", "shop:product:4711", strings.Repeat("日", 340), strings.Repeat("日", 600)} {
		b.Run(fmt.Sprintf("%d bytes", len(key)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				encodeKey(key)
			}
		})
	}
}
