// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser_test

import (
	"errors"
	"math/big"
	"net/netip"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// target is a type that hostile bytes are decoded into.
type target struct {
	name string
	make func() any // a pointer to a new zero value
	// methods says that the type's own methods may allocate more than promised.
	methods bool
}

func into[T any](name string) target {
	return target{name: name, make: func() any { return new(T) }}
}

func targets() []target {
	return []target{
		into[any]("any"),
		into[[]any]("slice of any"),
		into[[]product]("slice of structs"),
		into[[]wide]("slice of wide structs"),
		into[node]("recursive struct"),
		into[map[string]any]("map of any"),
		into[map[any]any]("map by any"),
		into[map[string]string]("map of strings"),
		into[map[string]bool]("map of bools"),
		into[map[string]time.Time]("map of times"),
		into[map[time.Time]int8]("map by time"),
		into[map[string]wide]("map of wide structs"),
		into[map[[160]byte]*wide]("map by wide arrays"),
		into[map[[1000]byte]any]("map by large arrays"),
		into[[]embeddingWide]("slice of structs that embed pointers"),
		into[[]map[string]any]("slice of maps"),
		into[[]map[string][15]int64]("slice of maps with large slots"),
		into[[]map[string]map[int16]product]("slice of maps of maps"),
		into[string]("string"),
		into[[]byte]("bytes"),
		into[[][]byte]("slice of bytes"),
		into[[]string]("slice of strings"),
		into[int8]("int8"),
		into[[]uint64]("slice of uint64"),
		into[float64]("float64"),
		into[time.Time]("time"),
		into[[]time.Time]("slice of times"),
		into[product]("struct"),
		into[*product]("pointer to struct"),
		into[[]*wide]("slice of pointers to wide structs"),
		into[[3]wide]("array of wide structs"),
		into[[][][]wide]("slices of slices of wide structs"),
		into[embedding]("struct with embedded ones"),
		into[shop]("nested struct"),
		into[failed]("struct with an error"),
		into[ownMap]("type that decodes a map itself"),
		into[map[string]ownMap]("map of such types"),
		into[ownValue]("type that decodes anything itself"),
		into[msgpack.RawMessage]("raw message"),
		into[[]big.Int]("slice of big integers"),
		into[map[netip.Addr]netip.Prefix]("map of text"),
		{name: "slice of types that decode their bytes", make: func() any { return new([]ownBytes) }, methods: true},
	}
}

type product struct {
	ID      int64
	Name    string
	Price   float64
	Tags    []string
	Created time.Time
	Expires *time.Time
	Extra   map[string]any `msgpack:",omitempty"`
}

type wide struct {
	Numbers [200]int64 `msgpack:",omitempty"`
	Name    string     `msgpack:"n,omitempty"`
	At      time.Time  `msgpack:"t,omitempty"`
	More    []wide     `msgpack:"m,omitempty"`
}

type node struct {
	V        any
	Children []node
	Named    map[string]*node
	Next     *node
}

type embedding struct {
	product
	*Inner
	Own int8 `msgpack:"own,alias:old"`
}

type Inner struct {
	Depth uint16
	Wide  []wide
}

type embeddingWide struct{ *Wide }

type Wide struct {
	Numbers [200]int64 `msgpack:",omitempty"`
	Name    string     `msgpack:"n,omitempty"`
}

type shop struct {
	Products map[string]product
	Lists    map[string][]product
	History  [][]time.Time
	Any      []any
	Counts   map[uint8]uint32
	Own      ownMap
}

type failed struct{ X, Y error }

// ownMap reads its map with the vendor's functions that believe lengths.
type ownMap struct{ M map[string]any }

func (o *ownMap) DecodeMsgpack(d *msgpack.Decoder) (err error) {
	o.M, err = d.DecodeMap()
	return err
}

func (o ownMap) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeMap(o.M) }

// ownValue is a map of one entry of any kind.
type ownValue struct{ K, V any }

func (o *ownValue) DecodeMsgpack(d *msgpack.Decoder) error {
	n, err := d.DecodeMapLen()
	if err != nil {
		return err
	}
	if n != 1 {
		return errors.New("need one entry")
	}
	return d.DecodeMulti(&o.K, &o.V)
}

func (o ownValue) EncodeMsgpack(e *msgpack.Encoder) error {
	return errors.Join(e.EncodeMapLen(1), e.EncodeMulti(o.K, o.V))
}

// ownBytes has its bytes decoded by the bare vendor.
type ownBytes struct{ M map[string]any }

func (o *ownBytes) UnmarshalMsgpack(data []byte) error { return msgpack.Unmarshal(data, &o.M) }
