// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

// wraps is a plugin that puts what is given around the layers.
func wraps(name string, m func(core.MemoryLayer) core.MemoryLayer, d func(core.DistributedLayer) core.DistributedLayer, b func(core.Backplane) core.Backplane) core.Plugin {
	return does(name, func(h *core.Host) {
		h.WrapMemory(m)
		h.WrapDistributed(d)
		h.WrapBackplane(b)
	})
}

func TestInstalled_AWrapperThatPanicsOrReturnsNilIsNamedAndLeftOut(t *testing.T) {
	got, err := core.Install("stack", core.NewEvents("stack"), []core.Plugin{
		wraps("good", func(m core.MemoryLayer) core.MemoryLayer { return namedMemory{m, "good"} },
			func(d core.DistributedLayer) core.DistributedLayer { return namedLayer{d, "good"} },
			func(b core.Backplane) core.Backplane { return namedBackplane{b, "good"} }),
		wraps("nothing", func(core.MemoryLayer) core.MemoryLayer { return nil },
			func(core.DistributedLayer) core.DistributedLayer { return nil },
			func(core.Backplane) core.Backplane { return nil }),
		wraps("panics", func(core.MemoryLayer) core.MemoryLayer { panic("secret") },
			func(core.DistributedLayer) core.DistributedLayer { panic("secret") },
			func(core.Backplane) core.Backplane { panic("secret") }),
		wraps("none", nil, nil, nil),
	})
	if err != nil || got.Err() != nil {
		t.Fatal(err, got.Err())
	}
	if name := got.Memory(namedMemory{name: "x"}).(namedMemory).name; name != "good" {
		t.Errorf("memory is %q", name)
	}
	if name := got.Distributed(namedLayer{name: "x"}).(namedLayer).name; name != "good" {
		t.Errorf("the layer is %q", name)
	}
	if name := got.Backplane(namedBackplane{name: "x"}).(namedBackplane).name; name != "good" {
		t.Errorf("the backplane is %q", name)
	}
	err = got.Err()
	for _, want := range []string{`plugin "nothing": its wrapper returned nil`, `plugin "panics": panic: string`, `plugin "none": panic: `} {
		if strings.Count(err.Error(), want) != 3 {
			t.Errorf("the error does not say three times %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "good") || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error says too much:\n%v", err)
	}
}

func TestInstalled_WrappersAreNamedInTheirOrder(t *testing.T) {
	got, err := core.Install("stack", nil, []core.Plugin{
		does("a", func(h *core.Host) { h.WrapDistributed(nil) }),
		wraps("b", nil, nil, nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	for level, want := range map[core.Level]string{core.LevelDistributed: "a b", core.LevelBackplane: "b", core.LevelMemory: "b", core.LevelLock: ""} {
		if names := strings.Join(got.Wrappers(level), " "); names != want {
			t.Errorf("%s: %q, want %q", level, names, want)
		}
	}
}

func TestInstalled_AStageThatCannotBeComposedIsNamedAndLeftOut(t *testing.T) {
	for name, stage := range map[string]core.Stage{
		"panics":  func(core.Handler) core.Handler { panic("x") },
		"nothing": func(core.Handler) core.Handler { return nil },
		"none":    nil,
	} {
		got, err := core.Install("stack", nil, []core.Plugin{does(name, func(h *core.Host) { h.AddStage(core.Outer, stage) })})
		if err != nil {
			t.Fatal(err)
		}
		end := func(context.Context, core.Request) (core.Result, error) { return core.Result{Stale: true}, nil }
		if res, err := core.Chain(end, got.Stages(core.Outer)...)(t.Context(), core.Request{}); err != nil || !res.Stale {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
		if err := got.Err(); err == nil || !strings.Contains(err.Error(), `plugin "`+name+`": `) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestInstalled_APanicOfAStageIsAnErrorAndAnEvent(t *testing.T) {
	events, errStage := core.NewEvents("stack"), errors.New("stage")
	var heard []core.Event
	events.Listen("test", core.PluginPanicked, func(ev core.Event) { heard = append(heard, ev) })
	got, err := core.Install("stack", events, []core.Plugin{does("p", func(h *core.Host) {
		h.AddStage(core.AroundLoad, func(next core.Handler) core.Handler {
			return func(ctx context.Context, r core.Request) (core.Result, error) {
				if r.Key == "bad" {
					panic(errStage)
				}
				return next(ctx, r)
			}
		})
	})})
	if err != nil {
		t.Fatal(err)
	}
	end := func(context.Context, core.Request) (core.Result, error) { return core.Result{Stale: true}, nil }
	handler := core.Chain(end, got.Stages(core.AroundLoad)...)
	res, err := handler(t.Context(), core.Request{Key: "bad"})
	panicked, ok := errors.AsType[*core.PanicError](err)
	if res.Stale || !ok || !errors.Is(err, errStage) || !strings.Contains(string(panicked.Stack), "plugin_shield_test.go") {
		t.Errorf("%+v, %v", res, err)
	}
	if len(heard) != 1 || heard[0].Detail != "p" || !errors.Is(heard[0].Err, errStage) {
		t.Errorf("heard %+v", heard)
	}
	good := core.Request{Key: "good"}
	if n := testing.AllocsPerRun(100, func() { _, err = handler(t.Context(), good) }); n != 0 || err != nil {
		t.Errorf("%v allocations of a stage that does not panic, %v", n, err)
	}
}
