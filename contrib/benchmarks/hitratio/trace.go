// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package hitratio replays traces of keys through caches and counts the hits.
package hitratio

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
)

// Trace is which keys are asked for, one after the other: numbers that stand for them.
type Trace struct {
	Name  string
	Keys  []uint32
	Count int // of different keys
}

// Read reads a trace from a file with one key a line, compressed by gzip if its name
// ends in .gz.
func Read(path string) (t Trace, err error) {
	f, err := os.Open(path)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var from io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if from, err = gzip.NewReader(f); err != nil {
			return t, fmt.Errorf("%s: %w", path, err)
		}
	}
	t.Name = path
	numbers := map[string]uint32{}
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		key := lines.Bytes()
		n, ok := numbers[string(key)]
		if !ok {
			n = uint32(len(numbers))
			numbers[string(key)] = n
		}
		t.Keys = append(t.Keys, n)
	}
	t.Count = len(numbers)
	return t, lines.Err()
}

// Patterns returns traces of n requests for count keys that are made up: one by
// popularity, one that is interrupted by scans, one that goes round in a loop, and one
// whose popular keys change.
func Patterns(rng *rand.Rand, n, count int) []Trace {
	zipf := []uint32(load.Zipf(rng, n, count, 1.05))
	scanned := append([]uint32(nil), load.Zipf(rng, n, count, 1.05)...)
	next := uint32(count)
	for at := n / 10; at+n/20 < n; at += n / 5 {
		for i := range n / 20 {
			scanned[at+i] = next
			next++
		}
	}
	loop := make([]uint32, n)
	for i := range loop {
		loop[i] = uint32(i % (count / 8))
	}
	var drift []uint32
	for range 5 {
		drift = append(drift, load.Zipf(rng, n/5, count, 1.05)...)
	}
	return []Trace{
		{"Zipf 1.05", zipf, count},
		{"Zipf with scans", scanned, int(next)},
		{"loop", loop, count / 8},
		{"Zipf that drifts", drift, count},
	}
}
