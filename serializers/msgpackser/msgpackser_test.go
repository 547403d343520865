// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/fusioncache-go/fusioncache/core/serializertest"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

func TestNew_NamesEveryOptionOutOfRange(t *testing.T) {
	_, err := msgpackser.New(&msgpackser.Options{MaxDepth: -1, MaxSize: 2 << 30, MaxAmplification: -5})
	for _, name := range []string{"MaxDepth", "MaxSize", "MaxAmplification"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
}

func TestConformance_WithOptions(t *testing.T) {
	serializertest.Run(t, harness(&msgpackser.Options{
		MaxDepth: 1000, MaxSize: 64 << 20, MaxAmplification: 256, SortMapKeys: true, UseJSONTag: true, CompactInts: true,
	}))
}

func TestLimits_HoldInBothDirections(t *testing.T) {
	generous := mustNew(t, &msgpackser.Options{MaxDepth: 1000, MaxSize: 64 << 20, MaxAmplification: 10_000})
	strict := mustNew(t, &msgpackser.Options{MaxDepth: 3, MaxSize: 100_000})
	deep := any([]any{[]any{[]any{[]any{}}}})
	long := strings.Repeat("x", 100_000)
	many := make([]wide, 2000)
	for _, v := range []any{&deep, &long, &many} {
		data, err := generous.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := strict.Marshal(v); !errors.Is(err, msgpackser.ErrLimit) {
			t.Errorf("marshal %T: got %v, want ErrLimit", v, err)
		}
		if err := strict.Unmarshal(data, reflect.New(reflect.TypeOf(v).Elem()).Interface()); !errors.Is(err, msgpackser.ErrLimit) {
			t.Errorf("unmarshal %T: got %v, want ErrLimit", v, err)
		}
		if err := generous.Unmarshal(data, reflect.New(reflect.TypeOf(v).Elem()).Interface()); err != nil {
			t.Errorf("unmarshal %T: %v", v, err)
		}
	}
}

func TestMarshal_RefusesCycles(t *testing.T) {
	s := mustNew(t, nil)
	n := &node{V: "x"}
	n.Next = n
	list := make([]any, 1)
	list[0] = list
	long := make([]any, 1_000_000)
	long[0] = long
	table := map[string]any{}
	table[""] = table
	for _, v := range []any{n, &list, &long, &table} {
		_, err := s.Marshal(v)
		if !errors.Is(err, msgpackser.ErrLimit) || !strings.Contains(err.Error(), "nested") {
			t.Errorf("%T: got %v, want ErrLimit for the depth", v, err)
		}
	}
}

// TestMarshal_RefusesWhatCannotBeRead: methods may write anything.
func TestMarshal_RefusesWhatCannotBeRead(t *testing.T) {
	s := mustNew(t, nil)
	for _, raw := range []string{"", "\xc1", "\x92\x01", "\x01\x02", "\xd4\x05\x00", "\xd6\x05\x00\x00\x00\x00", "\xc7\x0c\x05" + strings.Repeat("\x00", 12), "\xc7\x00\xff", "\xd5\xff\x00\x00", "\xd7\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		v := msgpack.RawMessage(raw)
		if data, err := s.Marshal(&v); !errors.Is(err, msgpackser.ErrMalformed) {
			t.Errorf("%x: got %x, %v, want ErrMalformed", raw, data, err)
		}
	}
}

func TestUnmarshal_DetectsOverflow(t *testing.T) {
	s := mustNew(t, nil)
	type narrow struct {
		A map[int8]int16
		B []uint32
		C *int64
		D float32
		E time.Duration
	}
	type broad struct {
		A map[int64]int64 `msgpack:",omitempty"`
		B []int64         `msgpack:",omitempty"`
		C *uint64         `msgpack:",omitempty"`
		D uint64          `msgpack:",omitempty"`
		E uint64          `msgpack:",omitempty"`
	}
	fits, over := uint64(math.MaxInt64), uint64(math.MaxInt64+1)
	cases := []struct {
		value broad
		fits  bool
	}{
		{broad{A: map[int64]int64{-128: -32768, 127: 32767}, B: []int64{0, math.MaxUint32}, C: &fits, D: fits, E: fits}, true},
		{broad{A: map[int64]int64{128: 0}}, false}, {broad{A: map[int64]int64{0: 32768}}, false},
		{broad{A: map[int64]int64{-129: 0}}, false}, {broad{B: []int64{1, -1}}, false}, {broad{B: []int64{1 << 32}}, false},
		{broad{C: &over}, false}, {broad{D: over}, false}, {broad{E: over}, false},
	}
	for _, c := range cases {
		data, err := s.Marshal(&c.value)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Unmarshal(data, new(narrow)); c.fits != (err == nil) || !c.fits && !errors.Is(err, msgpackser.ErrOverflow) {
			t.Errorf("%+v: got %v", c.value, err)
		}
	}
}

func TestUnmarshal_TypeThatChanged(t *testing.T) {
	type before struct {
		Kept    string
		Removed []int64
		Nested  struct{ Gone map[string][]string }
		Old     int
	}
	type after struct {
		Added  *time.Time
		New    int `msgpack:",alias:Old"`
		Nested struct{ Fresh bool }
		Kept   string
	}
	s := mustNew(t, nil)
	v := before{Kept: "k", Removed: make([]int64, 5000), Old: 3}
	v.Nested.Gone = map[string][]string{"x": {"y"}}
	data, err := s.Marshal(&v)
	if err != nil {
		t.Fatal(err)
	}
	var got after
	if err := s.Unmarshal(data, &got); err != nil || got.Kept != "k" || got.New != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestUnmarshal_PanicsBecomeErrors(t *testing.T) {
	s := mustNew(t, nil)
	wrapped := struct{ T *time.Time }{}
	data, err := s.Marshal(&wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Unmarshal(data, new(struct{ T time.Time })); err == nil || !strings.Contains(err.Error(), "panic") {
		t.Errorf("nil into a field of type time.Time: got %v", err)
	}
	shape := struct{ X map[string]int }{map[string]int{"a": 1}}
	if data, err = s.Marshal(&shape); err != nil {
		t.Fatal(err)
	}
	if err := s.Unmarshal(data, new(failed)); err == nil || !strings.Contains(err.Error(), "panic") {
		t.Errorf("map into an error: got %v", err)
	}
}

type failing struct{ err error }

func (f failing) EncodeMsgpack(*msgpack.Encoder) error  { return f.err }
func (f *failing) DecodeMsgpack(*msgpack.Decoder) error { panic(errMethod) }

var errMethod = errors.New("the secret is 42")

func TestErrors_KeepTheChainAndHideTheText(t *testing.T) {
	s := mustNew(t, nil)
	_, err := s.Marshal(&failing{err: fmt.Errorf("inner: %w", errMethod)})
	if !errors.Is(err, errMethod) || strings.Contains(err.Error(), "42") || !strings.Contains(err.Error(), "failing") {
		t.Errorf("marshal: got %v", err)
	}
	err = s.Unmarshal([]byte{0xc3}, new(failing))
	if !errors.Is(err, errMethod) || strings.Contains(err.Error(), "42") {
		t.Errorf("unmarshal: got %v", err)
	}
}

// halfReader takes only the first of its elements.
type halfReader struct{ N int }

func (h *halfReader) DecodeMsgpack(d *msgpack.Decoder) (err error) {
	if _, err = d.DecodeArrayLen(); err != nil {
		return err
	}
	h.N, err = d.DecodeInt()
	return err
}

func TestUnmarshal_NoticesUnreadBytes(t *testing.T) {
	s := mustNew(t, nil)
	if err := s.Unmarshal([]byte{0x92, 1, 2}, new(halfReader)); !errors.Is(err, msgpackser.ErrMalformed) {
		t.Errorf("got %v, want ErrMalformed", err)
	}
	var two struct{ A, B halfReader }
	data := append([]byte{0x82, 0xa1, 'A', 0x91, 1, 0xa1, 'B'}, 0x91, 2)
	if err := s.Unmarshal(data, &two); err != nil || two.A.N != 1 || two.B.N != 2 {
		t.Errorf("got %+v, %v", two, err)
	}
}

func TestAppendMarshal_KeepsTheSliceOnAnError(t *testing.T) {
	s := mustNew(t, nil)
	dst := append(make([]byte, 0, 100), "prefix"...)
	got, err := s.AppendMarshal(dst, &struct {
		A string
		C chan int
	}{A: "a"})
	if err == nil || !bytes.Equal(got, []byte("prefix")) {
		t.Errorf("got %q, %v", got, err)
	}
}
