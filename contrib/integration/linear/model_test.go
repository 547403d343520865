// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package linear_test

import (
	"fmt"

	"github.com/anishathalye/porcupine"

	"github.com/fusioncache-go/fusioncache/core"
)

// kind is what an operation does.
type kind uint8

const (
	get       kind = iota
	header         // read the ordering header only
	arbitrate      // a write that the layer decides on
	put            // store without asking
	remove         // delete without asking
)

// call is the input of an operation on the key.
type call struct {
	kind  kind
	write core.Write // for arbitrate; for put its Data
}

// answer is its output.
type answer struct {
	lost   bool // nobody knows whether the call was or will be carried out
	ruling core.Ruling
	data   string
	ok     bool
}

// model is what one key of a layer does, one operation after another. The state
// is the bytes in its place, "" for none.
//
// An operation whose answer was lost lasts until the end of the history. If it
// was never carried out it can stand at the very end, where nobody sees it: so
// the model needs no choice between the two.
func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return "" },
		Step: func(state, in, out any) (bool, any) {
			return step(state.(string), in.(call), out.(answer))
		},
		DescribeOperation: func(in, out any) string { return in.(call).String() + " -> " + out.(answer).String() },
	}
}

func step(place string, c call, a answer) (bool, string) {
	switch c.kind {
	case get:
		return a.ok == (place != "") && a.data == place, place
	case header:
		return a.ok == (place != "") && a.data == place[:min(len(place), core.HeaderSize)], place
	case put:
		return true, string(c.write.Data)
	case remove:
		return true, ""
	}
	want, next := rule(place, c.write)
	return a.lost || a.ruling == want, next
}

// rule is the rule of core.Arbiter once more, written down from its description
// and not from its code.
func rule(place string, w core.Write) (core.Ruling, string) {
	ours := parse(string(w.Data))
	if place == "" {
		if w.Mode == core.Fill && len(w.Expect) > 0 {
			return core.Ruling{}, place
		}
		return core.Ruling{Stored: true, Header: *ours}, string(w.Data)
	}
	there := parse(place)
	if there == nil {
		return core.Ruling{Foreign: true}, place
	}
	if w.Mode == core.Fill && string(w.Expect) != place[:core.HeaderSize] {
		return core.Ruling{Header: *there}, place
	}
	h, body := *ours, string(w.Data[core.HeaderSize:])
	if w.Mode == core.Replay {
		switch {
		case ours.Node == there.Node && ours.Op == there.Op:
			return core.Ruling{Stored: true, Header: *there}, place // an earlier attempt came through
		case ours.Node == there.Node && there.Kind != core.FillWrite:
			if there.Op > ours.Op {
				return core.Ruling{Header: *there}, place
			}
		case there.Time-ours.Time > w.Skew.Milliseconds():
			return core.Ruling{Header: *there}, place
		case ours.Time-there.Time <= w.Skew.Milliseconds():
			h.Version, h.Kind = above(h, *there, true), core.TombstoneWrite
			h.Node = 0 // nobody's
			return core.Ruling{Stored: true, Header: h}, string(core.AppendHeader(nil, h))
		}
	}
	h.Version = above(h, *there, false)
	return core.Ruling{Stored: true, Header: h}, string(core.AppendHeader(nil, h)) + body
}

// above is the version of h, raised over that of there if need be. The counters
// of a short history do not run over.
func above(h, there core.Header, always bool) core.Version {
	v := h.Version
	if v.Compare(there.Version) <= 0 {
		v.Time, v.Tick, v.Bump = there.Time, there.Tick, there.Bump+1
	} else if always {
		v.Bump++
	}
	return v
}

// parse returns the header of data, or nil if it has none.
func parse(data string) *core.Header {
	h, err := core.ParseHeader([]byte(data))
	if err != nil {
		return nil
	}
	return &h
}

func (c call) String() string {
	switch c.kind {
	case get:
		return "get"
	case header:
		return "header"
	case remove:
		return "delete"
	case put:
		return "put " + show(string(c.write.Data))
	}
	mode := [...]string{core.Force: "force", core.Fill: "fill", core.Replay: "replay"}[c.write.Mode]
	s := mode + " " + show(string(c.write.Data))
	if c.write.Mode == core.Fill {
		s += " over " + show(string(c.write.Expect))
	}
	return s
}

func (a answer) String() string {
	switch {
	case a.lost:
		return "lost"
	case a.ruling.Foreign:
		return "foreign"
	case a.ruling.Stored:
		return "stored " + showHeader(a.ruling.Header)
	case a.ruling != (core.Ruling{}):
		return "refused, there is " + showHeader(a.ruling.Header)
	case a.ok:
		return show(a.data)
	}
	return "-"
}

// show is bytes in short.
func show(data string) string {
	h := parse(data)
	switch {
	case data == "":
		return "nothing"
	case h == nil:
		return fmt.Sprintf("%q", data)
	}
	return showHeader(*h)
}

// showHeader names the write, then says what kind it is, then its version.
func showHeader(h core.Header) string {
	return fmt.Sprintf("%d/%d%c@%d.%d.%d", h.Node, h.Op, h.Kind, h.Time%1_000_000, h.Tick, h.Bump)
}
