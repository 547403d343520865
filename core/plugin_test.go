// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

// plugin is a plugin made of a function.
type plugin struct {
	name    string
	install func(*core.Host) error
}

func (p *plugin) Name() string               { return p.name }
func (p *plugin) Install(h *core.Host) error { return p.install(h) }
func does(name string, f func(h *core.Host)) *plugin {
	return &plugin{name, func(h *core.Host) error { f(h); return nil }}
}

// namedMemory, namedLayer and namedBackplane tell what they are wrapped in.
type namedMemory struct {
	core.MemoryLayer
	name string
}

type namedLayer struct {
	core.DistributedLayer
	name string
}

type namedBackplane struct {
	core.Backplane
	name string
}

func TestInstall_LaterWrappersAreOutside(t *testing.T) {
	wraps := func(name string) core.Plugin {
		return does(name, func(h *core.Host) {
			h.WrapDistributed(func(d core.DistributedLayer) core.DistributedLayer {
				return namedLayer{name: name + "(" + d.(namedLayer).name + ")"}
			})
			h.WrapMemory(func(m core.MemoryLayer) core.MemoryLayer {
				return namedMemory{name: name + "(" + m.(namedMemory).name + ")"}
			})
			h.WrapBackplane(func(b core.Backplane) core.Backplane {
				return namedBackplane{name: name + "(" + b.(namedBackplane).name + ")"}
			})
		})
	}
	got, err := core.Install("stack", core.NewEvents("stack"), []core.Plugin{wraps("a"), wraps("b")})
	if err != nil {
		t.Fatal(err)
	}
	if name := got.Distributed(namedLayer{name: "x"}).(namedLayer).name; name != "b(a(x))" {
		t.Errorf("layer: %s", name)
	}
	if name := got.Memory(namedMemory{name: "x"}).(namedMemory).name; name != "b(a(x))" {
		t.Errorf("memory: %s", name)
	}
	if name := got.Backplane(namedBackplane{name: "x"}).(namedBackplane).name; name != "b(a(x))" {
		t.Errorf("backplane: %s", name)
	}
}

func TestInstall_LaterStagesAreInside(t *testing.T) {
	var order []string
	adds := func(name string, at core.Slot) core.Plugin {
		return does(name, func(h *core.Host) {
			h.AddStage(at, func(next core.Handler) core.Handler {
				return func(ctx context.Context, r core.Request) (core.Result, error) {
					order = append(order, name)
					return next(ctx, r)
				}
			})
		})
	}
	got, err := core.Install("stack", nil, []core.Plugin{adds("a", core.Outer), adds("x", core.AroundLoad), adds("b", core.Outer)})
	if err != nil {
		t.Fatal(err)
	}
	end := func(context.Context, core.Request) (core.Result, error) { return core.Result{}, nil }
	if _, err := core.Chain(end, got.Stages(core.Outer)...)(t.Context(), core.Request{}); err != nil {
		t.Error(err)
	}
	if want := []string{"a", "b"}; !slices.Equal(order, want) {
		t.Errorf("ran %q, want %q", order, want)
	}
	if n := len(got.Stages(core.AroundLoad)); n != 1 {
		t.Errorf("%d stages around the load, want 1", n)
	}
}

func TestInstall_NamesEveryPluginThatFails(t *testing.T) {
	errNo := errors.New("no")
	var none *plugin
	_, err := core.Install("stack", core.NewEvents("stack"), []core.Plugin{
		&plugin{"refuses", func(*core.Host) error { return errNo }},
		nil,
		&plugin{"panics", func(*core.Host) error { panic("secret") }},
		none,
		does("fine", func(*core.Host) {}),
	})
	for _, want := range []string{`plugin "refuses": no`, "option Plugins[1]: is nil", `plugin "panics": panic: string`, `plugin "Plugins[3]": panic: `} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not contain %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "fine") || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error says too much:\n%v", err)
	}
	option, ok := errors.AsType[*core.OptionError](err)
	if !errors.Is(err, errNo) || !ok || option.Option != "Plugins[1]" {
		t.Errorf("reasons cannot be told apart in %v", err)
	}
}

func TestInstall_HostTellsStackAndEvents(t *testing.T) {
	events := core.NewEvents("stack")
	var heard []core.Event
	var host *core.Host
	_, err := core.Install("stack", events, []core.Plugin{does("p", func(h *core.Host) {
		host = h
		h.OnEvent(core.Hit|core.PluginPanicked, func(ev core.Event) { heard = append(heard, ev) })
		h.OnEvent(core.Hit, func(core.Event) { panic("x") })
	})})
	if err != nil || host.Stack() != "stack" {
		t.Errorf("stack %q, error %v", host.Stack(), err)
	}
	host.Emit(core.Event{Kind: core.Hit})
	if len(heard) != 2 || heard[0].Kind != core.Hit || heard[1].Detail != "p" {
		t.Errorf("heard %+v", heard)
	}
}

func TestInstalled_ClosesTheLastFirstAndAll(t *testing.T) {
	var order []string
	closes := func(name string, err error) core.Plugin {
		return does(name, func(h *core.Host) {
			h.OnClose(func(context.Context) error { order = append(order, name); return err })
		})
	}
	errA, errC := errors.New("a"), errors.New("c")
	got, err := core.Install("stack", nil, []core.Plugin{closes("a", errA), closes("b", nil), closes("c", errC)})
	if err != nil {
		t.Fatal(err)
	}
	err = got.Close(t.Context())
	if want := []string{"c", "b", "a"}; !slices.Equal(order, want) {
		t.Errorf("closed %q, want %q", order, want)
	}
	if !errors.Is(err, errA) || !errors.Is(err, errC) {
		t.Errorf("got %v, want both errors", err)
	}
}

func TestInstall_WhatWasInstalledBeforeAFailureCanBeClosed(t *testing.T) {
	closed := false
	got, err := core.Install("stack", nil, []core.Plugin{
		does("a", func(h *core.Host) { h.OnClose(func(context.Context) error { closed = true; return nil }) }),
		&plugin{"b", func(*core.Host) error { return errors.New("no") }},
	})
	if err == nil {
		t.Fatal("no error")
	}
	if err := got.Close(t.Context()); err != nil || !closed {
		t.Errorf("closed: %v, error: %v", closed, err)
	}
}
