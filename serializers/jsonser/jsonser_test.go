// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package jsonser_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core/serializertest"
	"github.com/fusioncache-go/fusioncache/serializers/jsonser"
)

func mustNew(tb testing.TB, opts *jsonser.Options) *jsonser.Serializer {
	tb.Helper()
	s, err := jsonser.New(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestNew_NamesEveryOptionOutOfRange(t *testing.T) {
	_, err := jsonser.New(&jsonser.Options{MaxDepth: 1001, MaxSize: -1})
	for _, name := range []string{"MaxDepth", "MaxSize"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
}

func TestConformance_WithOptions(t *testing.T) {
	serializertest.Run(t, harness(&jsonser.Options{MaxDepth: 1000, MaxSize: 64 << 20}))
}

type goldenRecord struct {
	ID      int64
	Name    string `json:"n"`
	Price   float64
	Tags    []string
	Blob    []byte
	Created time.Time
	Parent  *goldenRecord `json:",omitempty"`
	Skipped string        `json:"-"`
}

// TestGolden_BytesAreStable holds bytes as the first release wrote them. They
// are in users' caches: they must be read for ever.
func TestGolden_BytesAreStable(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC)
	list := []struct {
		value any
		text  string
	}{
		{ptr[any](nil), "null"},
		{ptr(true), "true"},
		{ptr(int64(math.MinInt64)), "-9223372036854775808"},
		{ptr(uint64(math.MaxUint64)), "18446744073709551615"},
		{ptr(1e21), "1e+21"},
		{ptr("<grüß> & \u2028\n"), `"<grüß> & \u2028\n"`},
		{ptr([]byte{1, 2, 255}), `"AQL/"`},
		{ptr([]string{}), "[]"},
		{ptr[[]string](nil), "null"},
		{ptr(map[string]int{"b": 2, "a": 1}), `{"a":1,"b":2}`},
		{ptr(map[int]bool{-1: true}), `{"-1":true}`},
		{ptr(time.Time{}), `"0001-01-01T00:00:00Z"`},
		{
			&goldenRecord{ID: 7, Name: "lamp", Price: 9.5, Tags: []string{"x"}, Created: at, Parent: &goldenRecord{}},
			`{"ID":7,"n":"lamp","Price":9.5,"Tags":["x"],"Blob":null,"Created":"2026-01-02T03:04:05.6Z",` +
				`"Parent":{"ID":0,"n":"","Price":0,"Tags":null,"Blob":null,"Created":"0001-01-01T00:00:00Z"}}`,
		},
	}
	s := mustNew(t, nil)
	for _, g := range list {
		data, err := s.Marshal(g.value)
		if err != nil || string(data) != g.text {
			t.Errorf("marshal: got %s, %v, want %s", data, err, g.text)
		}
		v := reflect.New(reflect.TypeOf(g.value).Elem())
		if err := s.Unmarshal([]byte(g.text), v.Interface()); err != nil || !reflect.DeepEqual(v.Interface(), g.value) {
			t.Errorf("unmarshal %s: got %+v, %v", g.text, v.Elem(), err)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestLimits_HoldInBothDirections(t *testing.T) {
	type wide struct {
		N [100]int `json:",omitzero"`
	}
	strict := mustNew(t, &jsonser.Options{MaxDepth: 3, MaxSize: 100_000})
	deep := any([]any{[]any{[]any{[]any{}}}})
	long := strings.Repeat("x", 100_000)
	many := make([]wide, 20_000)
	for _, v := range []any{&deep, &long, &many} {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := strict.Marshal(v); !errors.Is(err, jsonser.ErrLimit) {
			t.Errorf("marshal %T: got %v, want ErrLimit", v, err)
		}
		target := reflect.New(reflect.TypeOf(v).Elem())
		if err := strict.Unmarshal(data, target.Interface()); !errors.Is(err, jsonser.ErrLimit) || !target.Elem().IsZero() {
			t.Errorf("unmarshal %T: got %v, want ErrLimit", v, err)
		}
	}
	brackets := "[[[[\"\\\"[[[["
	if data, err := strict.Marshal(&brackets); err != nil || strict.Unmarshal(data, new(string)) != nil {
		t.Errorf("brackets in a string count: %v", err)
	}
}

func TestUnmarshal_RefusesWhatIsNotOneValue(t *testing.T) {
	s := mustNew(t, nil)
	for _, text := range []string{"", " ", "{", `{"a":1`, `"a`, `"\`, "1 2", "[1],", "nul", "{}}", "\ufeff1", "'a'", "[1,]"} {
		var v any
		if err := s.Unmarshal([]byte(text), &v); !errors.Is(err, jsonser.ErrMalformed) || v != nil {
			t.Errorf("%q: got %v, %v, want ErrMalformed", text, v, err)
		}
	}
}

type failing struct{ err error }

func (f failing) MarshalJSON() ([]byte, error) { return nil, f.err }
func (f *failing) UnmarshalJSON([]byte) error  { return errMethod }

var errMethod = errors.New("the secret is 42")

func TestErrors_KeepTheChainAndHideTheText(t *testing.T) {
	s := mustNew(t, nil)
	_, err := s.Marshal(&failing{fmt.Errorf("inner: %w", errMethod)})
	if !errors.Is(err, errMethod) || strings.Contains(err.Error(), "42") {
		t.Errorf("marshal: got %v", err)
	}
	err = s.Unmarshal([]byte("1"), new(failing))
	if !errors.Is(err, errMethod) || strings.Contains(err.Error(), "42") {
		t.Errorf("unmarshal: got %v", err)
	}
	var wrong *json.UnmarshalTypeError
	err = s.Unmarshal([]byte(`{"ID":[4242]}`), new(goldenRecord))
	if !errors.As(err, &wrong) || strings.Contains(err.Error(), "4242") || !strings.Contains(err.Error(), `"ID"`) {
		t.Errorf("wrong type: got %v", err)
	}
	if err := s.Unmarshal([]byte(`"4242.1"`), new(netip.Addr)); err == nil || strings.Contains(err.Error(), "4242") {
		t.Errorf("text: got %v", err)
	}
	if _, err := s.Marshal(ptr(math.NaN())); err == nil || !strings.HasPrefix(err.Error(), "jsonser: marshal *float64: ") {
		t.Errorf("NaN: got %v", err)
	}
}

func TestAppendMarshal_KeepsTheSliceOnAnError(t *testing.T) {
	s := mustNew(t, nil)
	dst := append(make([]byte, 0, 100), "prefix"...)
	if got, err := s.AppendMarshal(dst, new(chan int)); err == nil || !bytes.Equal(got, []byte("prefix")) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAppendMarshal_AllocatesNothing(t *testing.T) {
	s := mustNew(t, nil)
	v := struct {
		ID   int64
		Name string
	}{7, "a name"}
	dst := make([]byte, 0, 256)
	var err error
	fewest := 100.0 // the race detector empties pools at random
	for range 100 {
		fewest = min(fewest, testing.AllocsPerRun(1, func() { _, err = s.AppendMarshal(dst, &v) }))
	}
	if err != nil || fewest > 0 {
		t.Errorf("%v allocations, %v", fewest, err)
	}
}
