// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package jsonser

import (
	"reflect"
	"slices"
)

const (
	// With a weight of 0, decoding allocates less than this per byte.
	amplification = 128
	// memorySlack is what any value may cost, however few bytes encode it.
	memorySlack = 4 << 20
)

// budget returns how much memory size bytes may decode to.
func budget(size int) uint64 { return uint64(size)*amplification + memorySlack }

// measure returns how many values data has, at most, if it is well-formed, and
// false if they are nested deeper than maxDepth. The standard library proves
// well-formedness before it decodes anything, but on a stack as deep as data
// demands.
func measure(data []byte, maxDepth int) (values uint64, ok bool) {
	depth := 0
	values = 1
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = endOfString(data, i+1)
		case '[', '{':
			depth++
			values++
			if depth > maxDepth {
				return values, false
			}
		case ']', '}':
			depth--
		case ',':
			values++
		}
	}
	return values, true
}

// endOfString returns the index of the quote that ends the string that starts at
// i, or the end of data.
func endOfString(data []byte, i int) int {
	for ; i < len(data) && data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return i
}

// weigh returns the most memory that one value, which may be as short as two
// bytes, can make the decoder allocate inside what a t points to; 0 if that is
// in proportion anyway.
func weigh(t reflect.Type) uint64 {
	if t == nil || t.Kind() != reflect.Pointer {
		return 0
	}
	heaviest := heaviestIn(t.Elem(), map[reflect.Type]bool{})
	if heaviest <= amplification*2 {
		return 0
	}
	return heaviest
}

// heaviestIn looks through everything that a value of type t can contain.
func heaviestIn(t reflect.Type, seen map[reflect.Type]bool) uint64 {
	if seen[t] {
		return 0
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer:
		return max(footprint(t.Elem(), nil), heaviestIn(t.Elem(), seen))
	case reflect.Slice:
		// While a slice grows, it exists twice.
		return max(footprint(t.Elem(), nil)*9/4, heaviestIn(t.Elem(), seen))
	case reflect.Array:
		return heaviestIn(t.Elem(), seen)
	case reflect.Map:
		entry := footprint(t.Key(), nil) + footprint(t.Elem(), nil)
		return max(entry*9/4, heaviestIn(t.Key(), seen), heaviestIn(t.Elem(), seen))
	case reflect.Struct:
		heaviest := uint64(0)
		for i := range t.NumField() {
			heaviest = max(heaviest, heaviestIn(t.Field(i).Type, seen))
		}
		return heaviest
	}
	return 0
}

// footprint returns the size of t with the structs that it embeds by pointer.
// outer are the types that embed t.
func footprint(t reflect.Type, outer []reflect.Type) uint64 {
	size := uint64(t.Size())
	if t.Kind() != reflect.Struct || slices.Contains(outer, t) {
		return size
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && f.Type.Kind() == reflect.Pointer {
			size += footprint(f.Type.Elem(), append(outer, t))
		}
	}
	return size
}
