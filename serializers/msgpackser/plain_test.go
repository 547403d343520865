// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"bytes"
	"strings"
	"testing"
)

// slow is Unmarshal without the short way.
func slow(s *Serializer, data []byte, v any) error {
	w := s.worker()
	err := s.decode(w, data, v)
	if err == nil {
		s.release(w, len(data))
	}
	return err
}

func TestPlain_AgreesWithTheDecoder(t *testing.T) {
	s, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	check := func(data []byte) {
		var text, wantText string
		if plain(data, &text) {
			taken++
			if err := slow(s, data, &wantText); err != nil || text != wantText {
				t.Errorf("%.20x is %.20q, the decoder says %.20q, %v", data, text, wantText, err)
			}
		}
		var blob, wantBlob []byte
		if plain(data, &blob) {
			taken++
			if err := slow(s, data, &wantBlob); err != nil || !bytes.Equal(blob, wantBlob) || (blob == nil) != (wantBlob == nil) {
				t.Errorf("%.20x is %.20x, the decoder says %.20x, %v", data, blob, wantBlob, err)
			}
		}
	}
	for _, n := range []int{0, 1, 31, 32, 255, 256, 65535, 65536, 70000} {
		text := strings.Repeat("\xffa", n)[:n]
		for _, v := range []any{&text, new([]byte(text))} {
			data, err := s.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			check(data)
			check(append(data, 'x'))
			check(data[:len(data)-1])
		}
	}
	if taken < 16 {
		t.Errorf("the short way was taken %d times only", taken)
	}
	for first := range 256 {
		for second := range 256 {
			check([]byte{byte(first), byte(second)})
			check([]byte{byte(first), byte(second), 0, 0, 0})
			check([]byte{byte(first), 0, byte(second), 'a'})
			check([]byte{byte(first), 0, 0, 0, byte(second), 'a'})
		}
	}
}

func TestPlain_TakesNoPointerToNothing(t *testing.T) {
	if plain([]byte("\xa1a"), (*string)(nil)) || plain([]byte("\xc4\x01a"), (*[]byte)(nil)) {
		t.Error("decoded into nothing")
	}
}
