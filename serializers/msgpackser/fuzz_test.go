// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser_test

import (
	"errors"
	"math/big"
	"net/netip"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

// FuzzUnmarshal decodes the input into every target. It looks for three things:
// a dead process, more memory than promised, and a value that was decoded but
// does not survive being encoded and decoded again.
func FuzzUnmarshal(f *testing.F) {
	s := mustNew(f, nil)
	for _, h := range hostiles() {
		if len(h.data) <= 4<<10 {
			f.Add(h.data)
		}
	}
	for _, data := range encodedSamples(f, s) {
		f.Add(data)
	}
	all := targets()
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, into := range all {
			v := into.make()
			before := roughlyAllocated()
			err := s.Unmarshal(data, v)
			took, bound := roughlyAllocated()-before, allocBound(len(data))
			if took > bound && !into.methods {
				t.Fatalf("%d bytes into %s allocated %d bytes, more than %d; result: %v", len(data), into.name, took, bound, err)
			}
			if err == nil {
				checkAgain(t, s, v, into)
			}
		}
	})
}

// checkAgain encodes v, decodes that and encodes it again.
func checkAgain(t *testing.T, s *msgpackser.Serializer, v any, into target) {
	if _, raw := v.(*msgpack.RawMessage); raw || into.methods {
		return // the vendor encodes a nil raw message as nothing
	}
	once, err := s.Marshal(v)
	if errors.Is(err, msgpackser.ErrLimit) {
		return // the canonical form is shorter, so the same memory may now be too much
	}
	if err != nil {
		t.Fatalf("%s was decoded but cannot be encoded: %v", into.name, err)
	}
	w := into.make()
	if err := s.Unmarshal(once, w); err != nil {
		t.Fatalf("%s was encoded as %.100x but cannot be decoded: %v", into.name, once, err)
	}
	twice, err := s.Marshal(w)
	if err != nil || len(twice) != len(once) {
		t.Fatalf("%s was encoded as %.100x, then as %.100x, %v", into.name, once, twice, err)
	}
}

// roughlyAllocated is quick and exact only for large objects, which are the ones
// to find.
func roughlyAllocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// encodedSamples returns a well-formed value of each kind for the fuzzer to vary.
func encodedSamples(tb testing.TB, s *msgpackser.Serializer) [][]byte {
	tb.Helper()
	at := time.Date(2040, 2, 3, 4, 5, 6, 0, time.UTC) // looks like a map
	p := product{
		ID: 1 << 40, Name: "lamp", Price: 9.5, Tags: []string{"a", ""}, Created: at, Expires: &at,
		Extra: map[string]any{"k": []any{1, "x", at}},
	}
	values := []any{
		&p, &[]product{p, {}}, &shop{
			Products: map[string]product{"p": p}, History: [][]time.Time{{at, at.Add(550 * time.Millisecond)}},
			Any: []any{nil, true, -1, map[string]any{}}, Counts: map[uint8]uint32{7: 1 << 30}, Own: ownMap{M: map[string]any{"t": at}},
		},
		&node{V: at, Children: []node{{}}, Named: map[string]*node{"n": {}}, Next: &node{V: "end"}},
		&embedding{product: p, Inner: &Inner{Depth: 3, Wide: []wide{{Name: "w"}}}, Own: -1},
		&[]wide{{Numbers: [200]int64{199: 1}, Name: "x", At: at, More: []wide{{}}}},
		&map[time.Time]int8{at: 1}, &map[[160]byte]*wide{{1}: {Name: "v"}},
		&[]big.Int{*big.NewInt(12345678901)}, &map[netip.Addr]netip.Prefix{netip.IPv6Unspecified(): {}},
	}
	var list [][]byte
	for _, v := range values {
		data, err := s.Marshal(v)
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, data)
	}
	return list
}
