// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package load has the keys and the values that contestants are measured with.
package load

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Func makes the value of a key. It is what a contestant calls on a miss.
type Func[V any] func(ctx context.Context, key string) (V, error)

// Struct6 is a struct of six fields.
type Struct6 struct {
	ID     int64
	Name   string
	Email  string
	Age    int
	Score  float64
	Active bool
}

// Kind is a type of values.
type Kind[V any] struct {
	Name string

	// Make returns the value of the key with number i.
	Make func(i int) V

	// Allocations is how many a decoded value takes.
	Allocations float64

	// Is reports whether v is the value of key i. It looks at little of v, so that it
	// costs next to nothing.
	Is func(v V, i int) bool
}

// Text is strings of 64 bytes.
func Text() Kind[string] {
	return Kind[string]{
		Name:        "string 64 B",
		Make:        func(i int) string { return fill(i, 64) },
		Allocations: 1,
		Is:          func(v string, i int) bool { return len(v) == 64 && v[len(v)-1] == byte('a'+i%26) },
	}
}

// Record is structs.
func Record() Kind[Struct6] {
	return Kind[Struct6]{
		Name: "struct of 6 fields",
		Make: func(i int) Struct6 {
			return Struct6{int64(i), "name " + strconv.Itoa(i), strconv.Itoa(i) + "@example.org", i % 100, float64(i) / 3, i%2 == 0}
		},
		Allocations: 2,
		Is:          func(v Struct6, i int) bool { return v.ID == int64(i) && v.Age == i%100 },
	}
}

// Blob is slices of 1 KiB.
func Blob() Kind[[]byte] {
	return Kind[[]byte]{
		Name:        "bytes 1 KiB",
		Make:        func(i int) []byte { return []byte(fill(i, 1024)) },
		Allocations: 1,
		Is:          func(v []byte, i int) bool { return len(v) == 1024 && v[len(v)-1] == byte('a'+i%26) },
	}
}

func fill(i, size int) string {
	digits := strconv.Itoa(i)
	return digits + strings.Repeat(string(rune('a'+i%26)), size-len(digits))
}

// Keys returns n different keys of 20 bytes.
func Keys(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = Key(i)
	}
	return keys
}

// Key returns key i.
func Key(i int) string {
	digits := strconv.Itoa(i)
	return "key:0000000000000000"[:20-len(digits)] + digits
}

// Number returns which key it is.
func Number(key string) int {
	n := 0
	for _, c := range []byte(key[4:]) {
		n = n*10 + int(c-'0')
	}
	return n
}

// Order is which keys are asked for, one after the other.
type Order []uint32

// Zipf returns n requests for count keys, of which few are asked for often: the
// exponent is s, above 1. Which they are is random.
func Zipf(rng *rand.Rand, n, count int, s float64) Order {
	ranks := rand.NewZipf(rng, s, 1, uint64(count-1))
	names := rng.Perm(count)
	order := make(Order, n)
	for i := range order {
		order[i] = uint32(names[ranks.Uint64()])
	}
	return order
}

// Uniform returns n requests for count keys, all as likely.
func Uniform(rng *rand.Rand, n, count int) Order {
	order := make(Order, n)
	for i := range order {
		order[i] = uint32(rng.IntN(count))
	}
	return order
}
