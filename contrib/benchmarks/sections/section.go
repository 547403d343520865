// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package sections has one part of the benchmarks in each file.
package sections

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

// Run is what the sections of one run share.
type Run struct {
	Quick bool
	Redis string // address of a server
	NATS  string // URL of a server
	Rand  *rand.Rand

	// Log says what is being measured.
	Log func(format string, args ...any)
}

// pick returns full, or quick in a quick run.
func pick[T any](r *Run, full, quick T) T {
	if r.Quick {
		return quick
	}
	return full
}

// Section is one part.
type Section struct {
	Name string
	Run  func(ctx context.Context, r *Run) (*report.Section, error)
}

// All returns the parts in the order of the report.
func All() []Section {
	return []Section{
		{"hit", hits},
		{"miss", misses},
		{"policies", policies},
		{"stampede", stampedes},
		{"distributed", distributed},
		{"set", sets},
		{"many", many},
		{"propagation", propagation},
		{"memory", memory},
		{"clear", clearing},
		{"growth", growth},
		{"ratio", ratios},
	}
}

// Select returns the parts with the given names, separated by commas; all if there
// are none.
func Select(names string) ([]Section, error) {
	all := All()
	if names == "" {
		return all, nil
	}
	var out []Section
	for name := range strings.SplitSeq(names, ",") {
		found := false
		for _, s := range all {
			if s.Name == name {
				out, found = append(out, s), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no section %q", name)
		}
	}
	return out, nil
}

// eventually waits until done, for some seconds at most.
func eventually(done func() bool) bool {
	deadline := time.Now().Add(10 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			return false
		}
		<-time.After(time.Millisecond)
	}
	return true
}
