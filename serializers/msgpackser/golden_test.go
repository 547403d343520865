// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser_test

import (
	"encoding/hex"
	"reflect"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

type goldenRecord struct {
	ID      int64
	Name    string `msgpack:"n"`
	Price   float64
	Tags    []string
	Blob    []byte
	Created time.Time
	Parent  *goldenRecord `msgpack:",omitempty"`
	Skipped string        `msgpack:"-"`
}

type golden struct {
	name  string
	value any // a pointer
	hex   string
}

// goldens are bytes as the first release wrote them. They are in users' caches:
// they must be read for ever, and written until a release says otherwise.
func goldens() []golden {
	at := time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC)
	return []golden{
		{"nil", ptr[any](nil), "c0"},
		{"true", ptr(true), "c3"},
		{"int", ptr(300), "cd012c"},
		{"negative int", ptr(-33), "d0df"},
		{"int64", ptr(int64(5)), "d30000000000000005"},
		{"uint16", ptr(uint16(7)), "cd0007"},
		{"float64", ptr(1.5), "cb3ff8000000000000"},
		{"string", ptr("grüß"), "a66772c3bcc39f"},
		{"bytes", ptr([]byte{1, 2, 255}), "c4030102ff"},
		{"strings", ptr([]string{"a", ""}), "92a161a0"},
		{"nil strings", ptr[[]string](nil), "c0"},
		{"map", ptr(map[string]int{"a": 1}), "81a16101"},
		{"whole seconds", ptr(time.Unix(1<<31, 0)), "d6ff80000000"},
		{"nanoseconds", ptr(at), "d7ff8f0d1800695735a5"},
		{"zero time", ptr(time.Time{}), "c70cff00000000fffffff1886e0900"},
		{"duration", ptr(time.Second), "d3000000003b9aca00"},
		{
			"struct", &goldenRecord{ID: 7, Name: "lamp", Price: 9.5, Tags: []string{"x"}, Blob: []byte{0}, Created: at, Parent: &goldenRecord{}},
			"87a24944d30000000000000007a16ea46c616d70a55072696365cb4023000000000000a45461677391a178a4426c6f62c40100" +
				"a743726561746564d7ff8f0d1800695735a5a6506172656e74" +
				"86a24944d30000000000000000a16ea0a55072696365cb0000000000000000a454616773c0a4426c6f62c0" +
				"a743726561746564c70cff00000000fffffff1886e0900",
		},
	}
}

func ptr[T any](v T) *T { return &v }

func TestGolden_BytesAreStable(t *testing.T) {
	s := mustNew(t, nil)
	for _, g := range goldens() {
		t.Run(g.name, func(t *testing.T) {
			data, err := s.Marshal(g.value)
			if got := hex.EncodeToString(data); err != nil || got != g.hex {
				t.Errorf("marshal: got %s, %v, want %s", got, err, g.hex)
			}
			checkGoldenDecodes(t, s, g)
		})
	}
}

func checkGoldenDecodes(t *testing.T, s *msgpackser.Serializer, g golden) {
	t.Helper()
	data, err := hex.DecodeString(g.hex)
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.New(reflect.TypeOf(g.value).Elem())
	if err := s.Unmarshal(data, v.Interface()); err != nil {
		t.Fatal(err)
	}
	again, err := s.Marshal(v.Interface())
	if got := hex.EncodeToString(again); err != nil || got != g.hex {
		t.Errorf("decoded and encoded again: got %s, %v, want %s", got, err, g.hex)
	}
}

func TestGolden_Options(t *testing.T) {
	type tagged struct {
		N int64 `json:"num,omitempty"`
		M map[string]string
	}
	s := mustNew(t, &msgpackser.Options{SortMapKeys: true, UseJSONTag: true, CompactInts: true})
	v := &tagged{N: 200, M: map[string]string{"b": "2", "a": "1", "c": "3"}}
	for range 20 { // enough for a random order to show
		data, err := s.Marshal(v)
		const want = "82a36e756dccc8a14d83a161a131a162a132a163a133"
		if got := hex.EncodeToString(data); err != nil || got != want {
			t.Fatalf("got %s, %v, want %s", got, err, want)
		}
		var back tagged
		if err := s.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(&back, v) {
			t.Fatalf("got %+v, %v", back, err)
		}
	}
}
