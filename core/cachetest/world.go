// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package cachetest

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// World is what the nodes of a test share: a server, a bus, and a plugin that
// hears the events of all.
type World struct {
	Server *Server
	Bus    *Bus
	Events *Recorder
}

// NewWorld returns a world without nodes.
func NewWorld() *World { return &World{Server: NewServer(), Bus: NewBus(), Events: &Recorder{}} }

// Open returns a stack that is a node of the world. It is closed at the end of the
// test, which must succeed. change, if not nil, may change its options: they have
// a [Memory], the server and bus of the world, JSON, the name "test" and the
// recorder.
func (w *World) Open(tb testing.TB, change func(*hybrid.Options)) *hybrid.Stack {
	tb.Helper()
	o := hybrid.Options{
		Name:        "test",
		Memory:      NewMemory(),
		Distributed: w.Server,
		Backplane:   w.Bus,
		Serializer:  JSON{},
		Plugins:     []core.Plugin{w.Events},
	}
	if change != nil {
		change(&o)
	}
	stack, err := hybrid.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), 10*time.Second)
		defer cancel()
		if err := stack.Close(ctx); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return stack
}

// JSON is a [core.Serializer] on encoding/json, for values that a test makes.
type JSON struct{}

// Marshal implements [core.Serializer].
func (JSON) Marshal(v any) ([]byte, error) { return json.Marshal(v) }

// Unmarshal implements [core.Serializer].
func (JSON) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }
