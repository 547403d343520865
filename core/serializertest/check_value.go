// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

func checkBytes(p *probe) error       { return p.roundTrips(byteSamples()) }
func checkRoundTrip(p *probe) error   { return p.roundTrips(valueSamples()) }
func checkNilAndEmpty(p *probe) error { return p.roundTrips(nilSamples()) }
func checkTime(p *probe) error        { return p.roundTrips(timeSamples()) }

func checkLarge(p *probe) error {
	large := make([]byte, 1<<20)
	for i := 0; i < len(large); i += 8 {
		binary.BigEndian.PutUint64(large[i:], uint64(i)*0x9e3779b97f4a7c15)
	}
	list := []sample{
		sampleWith("a megabyte of bytes", func() []byte { return large }, bytes.Equal),
		is("a megabyte of text", strings.Repeat("text ", 200_000)),
	}
	if !p.h.Features.BytesOnly {
		list = append(list, of("a megabyte of structs", func() []inner {
			many := make([]inner, 10_000)
			for i := range many {
				many[i] = inner{ID: uint32(i), Label: "a label of some length, so that few structs make a megabyte; and some more"}
			}
			return many
		}))
	}
	return p.roundTrips(list)
}

// checkSymmetric tries values until Marshal refuses them.
func checkSymmetric(p *probe) error {
	if err := p.symmetric(is("text of 9 MiB", strings.Repeat("x", 9<<20))); err != nil {
		return err
	}
	if p.h.Features.BytesOnly {
		return nil
	}
	for _, n := range []int{10, 60, 63, 64, 65, 66, 128, 1000, 9_000, 12_000} {
		if err := p.symmetric(nested(n)); err != nil {
			return err
		}
	}
	for _, n := range []int{100, 5000} {
		s := sampleWith(fmt.Sprintf("%d structs", n), func() []wide { return make([]wide, n) }, func(a, b []wide) bool { return len(a) == len(b) })
		if err := p.symmetric(s); err != nil {
			return err
		}
	}
	return nil
}

func (p *probe) symmetric(s sample) error {
	data, err := p.serializer.Marshal(s.value())
	if err != nil {
		return nil // a limit; what matters is that there are no bytes then
	}
	return p.expect(s, data)
}

// nested makes a value of lists in lists, compared by depth so that the
// comparison needs no deep stack.
func nested(depth int) sample {
	build := func() any {
		var v any = []any{}
		for range depth - 1 {
			v = []any{v}
		}
		return v
	}
	return sampleWith(fmt.Sprintf("lists nested %d deep", depth), build, func(a, b any) bool { return depthOf(a) == depthOf(b) })
}

func depthOf(v any) int {
	depth := 0
	for {
		list, ok := v.([]any)
		if !ok {
			return depth
		}
		depth++
		if len(list) == 0 {
			return depth
		}
		v = list[0]
	}
}
