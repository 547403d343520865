// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/wire"
)

func sealKeyOf(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func seal(t testing.TB, purpose string, keys ...[]byte) *wire.Seal {
	t.Helper()
	s, err := wire.NewSeal(purpose, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSeal_OpensWhatItHasClosed(t *testing.T) {
	s := seal(t, "app", sealKeyOf(1))
	for name, m := range messages() {
		msg := wire.AppendMessage(nil, m)
		opened, err := s.Open(s.Close(bytes.Clone(msg)))
		if err != nil || !bytes.Equal(opened, msg) {
			t.Errorf("%s: got %q, %v", name, opened, err)
		}
	}
}

func TestSeal_WithoutKeysIsNone(t *testing.T) {
	s := seal(t, "app")
	msg := []byte("as it is")
	if opened, err := s.Open(s.Close(msg)); s != nil || err != nil || string(opened) != "as it is" {
		t.Errorf("got %q, %v", opened, err)
	}
}

// Every change of every bit, another key, another purpose and no seal at all.
func TestSeal_RefusesWhatIsNotAuthentic(t *testing.T) {
	s := seal(t, "app", sealKeyOf(1))
	msg := wire.AppendMessage(nil, messages()["remove"])
	good := s.Close(bytes.Clone(msg))
	for bit := range 8 * len(good) {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		if _, err := s.Open(bad); !errors.Is(err, wire.ErrSeal) {
			t.Fatalf("bit %d: %v", bit, err)
		}
	}
	for n := range good {
		if _, err := s.Open(good[:n]); !errors.Is(err, wire.ErrSeal) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	for name, other := range map[string]*wire.Seal{
		"another key":     seal(t, "app", sealKeyOf(2)),
		"another purpose": seal(t, "ap", sealKeyOf(1)),
	} {
		if _, err := s.Open(other.Close(bytes.Clone(msg))); !errors.Is(err, wire.ErrSeal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := wire.ParseMessage(good); err == nil {
		t.Error("who has no key takes a sealed message")
	}
}

// The new key is added behind, then put in front, then the old one is dropped: in
// each step nodes before and after it understand each other.
func TestSeal_KeysAreReplacedOneAfterTheOther(t *testing.T) {
	before, after := sealKeyOf(1), sealKeyOf(2)
	steps := []*wire.Seal{
		seal(t, "app", before), seal(t, "app", before, after), seal(t, "app", after, before), seal(t, "app", after),
	}
	for i := range steps[1:] {
		for _, pair := range [][2]*wire.Seal{{steps[i], steps[i+1]}, {steps[i+1], steps[i]}} {
			if _, err := pair[1].Open(pair[0].Close([]byte("msg"))); err != nil {
				t.Errorf("step %d: %v", i+1, err)
			}
		}
	}
}

func TestSeal_RefusesWeakKeysWithoutShowingThem(t *testing.T) {
	_, err := wire.NewSeal("app", sealKeyOf(1), []byte("hunter2"))
	if err == nil || bytes.Contains([]byte(err.Error()), []byte("hunter2")) {
		t.Errorf("got %v", err)
	}
	if _, err := wire.NewSeal("app", make([][]byte, 9)...); err == nil {
		t.Error("nine keys are accepted")
	}
}

// The layout is frozen.
func TestSeal_IsTheGoldenBytes(t *testing.T) {
	got := hex.EncodeToString(seal(t, "app", sealKeyOf(1)).Close([]byte("message")))
	const want = "6d6573736167656b1fa2472139be2a47148803ff524c9341566774c3592a29cae3ce146bba2af7f1c4469f"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzSeal(f *testing.F) {
	s := seal(f, "app", sealKeyOf(1))
	f.Add(s.Close(wire.AppendMessage(nil, messages()["set"])))
	f.Fuzz(func(t *testing.T, data []byte) {
		if opened, err := s.Open(data); err == nil && !bytes.Equal(s.Close(bytes.Clone(opened)), data) {
			t.Errorf("%q was opened", data)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	s := seal(b, "app", sealKeyOf(1))
	msg := wire.AppendMessage(nil, messages()["set"])
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Open(s.Close(append(buf, msg...))); err != nil {
			b.Fatal(err)
		}
	}
}
