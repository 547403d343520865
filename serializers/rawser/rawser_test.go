// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package rawser_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/serializers/rawser"
)

func TestUnmarshal_NilComesBackEmpty(t *testing.T) {
	var s rawser.Serializer
	var none []byte
	data, err := s.Marshal(&none)
	if err != nil || data == nil || len(data) != 0 {
		t.Fatalf("got %v, %v", data, err)
	}
	var got []byte
	if err := s.Unmarshal(data, &got); err != nil || got == nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestSerializer_TypesMadeOfBytes(t *testing.T) {
	type (
		letter  byte
		letters []letter
		name    string
	)
	var s rawser.Serializer
	raw, word, title := json.RawMessage("{}"), letters{'a', 'b'}, name("n")
	for _, v := range []any{&raw, &word, &title} {
		data, err := s.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		appended, err := s.AppendMarshal([]byte("x"), v)
		if err != nil || string(appended) != "x"+string(data) {
			t.Errorf("%T: appended %q, %v, marshaled %q", v, appended, err, data)
		}
		if err := s.Unmarshal([]byte("new"), v); err != nil {
			t.Error(err)
		}
	}
	if string(raw) != "new" || word[2] != 'w' || title != "new" {
		t.Errorf("got %s, %v, %s", raw, word, title)
	}
}

func TestErrors_NameTheType(t *testing.T) {
	var s rawser.Serializer
	for _, v := range []any{new(int), new([]int), new([4]byte), new(any), []byte("x"), (*string)(nil), nil} {
		_, err := s.Marshal(v)
		if err == nil || !strings.HasPrefix(err.Error(), "rawser: marshal ") {
			t.Errorf("marshal %T: got %v", v, err)
		}
		if err := s.Unmarshal([]byte("x"), v); err == nil || !strings.HasPrefix(err.Error(), "rawser: unmarshal ") {
			t.Errorf("unmarshal %T: got %v", v, err)
		}
	}
	if got, err := s.AppendMarshal([]byte("prefix"), new(int)); err == nil || !bytes.Equal(got, []byte("prefix")) {
		t.Errorf("append: got %q, %v", got, err)
	}
}

func TestSerializer_AllocatesOnlyTheCopy(t *testing.T) {
	type blob []byte
	var s rawser.Serializer
	data := bytes.Repeat([]byte("x"), 1024)
	text, named := string(data), blob(data)
	dst := make([]byte, 0, 2048)
	var err error
	for _, v := range []any{&data, &text, &named} {
		marshal := testing.AllocsPerRun(100, func() { _, err = s.Marshal(v) })
		extend := testing.AllocsPerRun(100, func() { _, err = s.AppendMarshal(dst, v) })
		unmarshal := testing.AllocsPerRun(100, func() { err = s.Unmarshal(dst[:1024], v) })
		if err != nil || marshal > 1 || extend > 0 || unmarshal > 1 {
			t.Errorf("%T: %v, %v, %v allocations, %v", v, marshal, extend, unmarshal, err)
		}
	}
}
