// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package linear_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/fusioncache-go/fusioncache/core"
)

// The limits of the two searches for an order.
const (
	shortSearch = 2 * time.Second
	fullSearch  = time.Minute
)

// check looks for an order. The text is the history, if there is none.
//
// Every operation that may still happen doubles the orders to look at. So the
// first searches leave those out that left no trace, as if they had not been
// carried out, or all but one. An order that they find is one of the whole
// history, in which the others stand at the end. Only if there is none the whole
// history is searched.
func check(ops []porcupine.Operation) (porcupine.CheckResult, string) {
	traced, others := trace(ops)
	for i := -1; i < len(others); i++ {
		some := slices.Clip(traced)
		if i >= 0 {
			some = append(some, others[i])
		}
		if porcupine.CheckOperationsTimeout(model(), some, shortSearch) == porcupine.Ok {
			return porcupine.Ok, ""
		}
	}
	verdict, info := porcupine.CheckOperationsVerbose(model(), ops, fullSearch)
	if verdict == porcupine.Ok {
		return verdict, ""
	}
	return verdict, timetable(ops, longest(info))
}

// longest returns the longest order that was found, as indices of operations.
func longest(info porcupine.LinearizationInfo) (order []int) {
	for _, orders := range info.PartialLinearizations() {
		for _, o := range orders {
			if len(o) > len(order) {
				order = o
			}
		}
	}
	return order
}

// trace splits off the operations that never ended and left no trace. The others
// of those that never ended do so when the first answer ends that shows them.
func trace(ops []porcupine.Operation) (traced, others []porcupine.Operation) {
	shown := map[string]int64{} // by write: the end of the first operation that shows it
	for _, o := range ops {
		out := o.Output.(answer)
		for _, id := range []string{identity(out.data), identity(string(core.AppendHeader(nil, out.ruling.Header)))} {
			if first, ok := shown[id]; !ok || o.Return < first {
				shown[id] = o.Return
			}
		}
	}
	delete(shown, identity("")) // nothing is no trace of a deletion
	for _, o := range ops {
		if o.Return == int64(forever) {
			end, ok := shown[identity(string(o.Input.(call).write.Data))]
			if !ok {
				others = append(others, o)
				continue
			}
			o.Return = end
		}
		traced = append(traced, o)
	}
	return traced, others
}

// identity names the write that data comes from.
func identity(data string) string {
	if h := parse(data); h != nil {
		return fmt.Sprint(h.Node, "/", h.Op)
	}
	return data
}

// timetable shows a history. Operations that have a place in order are numbered.
func timetable(ops []porcupine.Operation, order []int) string {
	place := make(map[int]int, len(order))
	for i, op := range order {
		place[op] = i + 1
	}
	var text strings.Builder
	for i, o := range ops {
		fmt.Fprintf(&text, "  %4d  %9.3f - %9.3f ms  client %d: %v -> %v\n",
			place[i], float64(o.Call)/1e6, float64(o.Return)/1e6, o.ClientId, o.Input, o.Output)
	}
	return text.String()
}
