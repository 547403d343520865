// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// steps are the operations that must not allocate, each with what it works on
// already made.
func steps(payload int) map[string]func() error {
	r := samples()[0].record
	value := bytes.Repeat([]byte("v"), payload)
	buf := make([]byte, 0, payload+256)
	var format wire.Format = wire.V1{}
	frame := wire.AppendFrame(format, nil, r, value)
	set := messages()["set"]
	heartbeat := wire.AppendMessage(nil, messages()["heartbeat"])
	return map[string]func() error{
		"header append": func() error { buf = core.AppendHeader(buf[:0], r.Header); return nil },
		"header parse":  func() error { _, err := core.ParseHeader(frame); return err },
		"frame append":  func() error { buf = wire.AppendFrame(format, buf[:0], r, value); return nil },
		"frame parse":   func() error { _, err := format.Parse(r.Key, frame, offset); return err },
		"frame refuse":  func() error { _, _ = format.Parse("another key", frame, offset); return nil },
		"message append": func() error {
			buf = wire.AppendMessage(buf[:0], set)
			return nil
		},
		"message parse without key": func() error { _, err := wire.ParseMessage(heartbeat); return err },
		"message refuse":            func() error { _, _ = wire.ParseMessage(frame); return nil },
	}
}

func TestAllocations_NoneToAppendOrParse(t *testing.T) {
	for name, step := range steps(1000) {
		n := testing.AllocsPerRun(100, func() {
			if err := step(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestAllocations_OneForTheKeyOfAMessage(t *testing.T) {
	data := wire.AppendMessage(nil, messages()["set"])
	n := testing.AllocsPerRun(100, func() {
		if m, err := wire.ParseMessage(data); err != nil || m.Key == "" {
			t.Error(err)
		}
	})
	if n != 1 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	for _, size := range []int{16, 1024, 64 << 10} {
		for _, name := range []string{"frame append", "frame parse"} {
			step := steps(size)[name]
			b.Run(name+"/"+strconv.Itoa(size), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					if err := step(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkSmall(b *testing.B) {
	for _, name := range []string{"header append", "header parse", "message append", "message parse without key"} {
		step := steps(0)[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := step(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
