// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package quickstart

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

// DefaultMemoryBytes is the default of [Options].MemoryBytes.
const DefaultMemoryBytes = 64 << 20

// maxNameLen is what package hybrid accepts.
const maxNameLen = 128

// Options of [Redis], [NATS] and [Memory]. Nil and the zero value are the
// defaults.
type Options struct {
	// Defaults are the entry options that views and calls start from.
	Defaults core.EntryOptions

	// MemoryBytes is the size of the memory layer, freecache, which keeps encoded
	// values out of the garbage collector's sight. The largest entry is about a
	// 1024th of it; larger ones live in the distributed layer only. 0:
	// DefaultMemoryBytes, unless MemoryEntries is set.
	MemoryBytes int

	// MemoryEntries, if positive, takes otter as the memory layer instead, with at
	// most so many entries. It keeps live values, which all readers of a key share
	// and nobody may change. Not together with MemoryBytes.
	MemoryEntries int

	// Breaker is about the circuit breakers of the distributed layer and of the
	// backplane. Not for Memory.
	Breaker breaker.Options

	// Plugins are installed after the circuit breaker, in order.
	Plugins []core.Plugin

	// RequireDistributed makes the set-up fail when the distributed layer does not
	// answer within core.DefaultDistributedTimeout. Otherwise the cache starts
	// without it. Not for Memory.
	RequireDistributed bool

	// Redis are settings of the client that a URL cannot express, such as rotated
	// credentials and certificates. For Redis only.
	Redis redisdist.OpenOptions

	// NATS are settings of the connection and of the bucket. Lazy is ignored:
	// RequireDistributed says what is meant. For NATS only.
	NATS natsdist.Options
}

// kind is one of the functions of this package.
type kind uint8

const (
	memoryOnly kind = iota + 1
	onRedis
	onNATS
)

// check returns all that is wrong with o, for a set-up of kind k.
func (o *Options) check(k kind) error {
	var errs []error
	refuse := func(bad bool, option, why string) {
		if bad {
			errs = append(errs, wrong("Options."+option, "%s", why))
		}
	}
	refuse(o.MemoryBytes < 0, "MemoryBytes", "must not be negative")
	refuse(o.MemoryEntries < 0, "MemoryEntries", "must not be negative")
	refuse(o.MemoryBytes > 0 && o.MemoryEntries > 0, "MemoryEntries", "excludes MemoryBytes")
	for i, p := range o.Plugins {
		refuse(p == nil, fmt.Sprintf("Plugins[%d]", i), "is nil")
	}
	refuse(k != onRedis && given(o.Redis), "Redis", "is for the function Redis only")
	refuse(k != onNATS && given(o.NATS), "NATS", "is for the function NATS only")
	refuse(k == memoryOnly && given(o.Breaker), "Breaker", "there is nothing to break the circuit to")
	refuse(k == memoryOnly && o.RequireDistributed, "RequireDistributed", "there is no distributed layer")
	return errors.Join(errs...)
}

func given(v any) bool { return !reflect.ValueOf(v).IsZero() }

// checkName refuses what cannot tell applications apart.
func checkName(name string) error {
	if name == "" {
		return wrong("name", "is empty; give the name of the application")
	}
	if len(name) > maxNameLen {
		return wrong("name", "has %d bytes, at most %d are allowed", len(name), maxNameLen)
	}
	return nil
}

// memory returns the memory layer that o asks for.
func (o *Options) memory() (core.MemoryLayer, error) {
	if o.MemoryEntries > 0 {
		return ottermem.New(&ottermem.Options{MaxEntries: o.MemoryEntries})
	}
	return freecachemem.New(cmp.Or(o.MemoryBytes, DefaultMemoryBytes), nil)
}

func wrong(option, format string, args ...any) error {
	return &core.OptionError{Option: option, Err: fmt.Errorf(format, args...)}
}
