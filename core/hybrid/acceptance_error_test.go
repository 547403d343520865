// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// is and as are how a caller recognizes an error.
func is(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }

func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// producible has a way to produce every exported error.
var producible = map[string]struct {
	produce   func(t *testing.T) error
	recognize func(error) bool
}{
	"ErrClosed": {func(t *testing.T) error {
		c := closable(t, hybrid.Options{})
		_ = c.Stack().Close(t.Context())
		_, err := c.Set(t.Context(), "k", 1)
		return err
	}, is(core.ErrClosed)},
	"ErrKey": {func(t *testing.T) error {
		_, err := open[int](t, hybrid.Options{}).Set(t.Context(), strings.Repeat("x", core.MaxKeyLen+1), 1)
		return err
	}, is(core.ErrKey)},
	"ErrNoFactory": {func(t *testing.T) error {
		_, err := open[int](t, hybrid.Options{}).GetOrSet(t.Context(), "k", nil)
		return err
	}, is(core.ErrNoFactory)},
	"ErrFactoryTimeout": {timedOut, is(core.ErrFactoryTimeout)},
	"TimeoutError":      {timedOut, as[*core.TimeoutError]},
	"ErrRecursiveLoad": {func(t *testing.T) error {
		c := open[int](t, hybrid.Options{})
		var load func(context.Context, string) (int, error)
		load = func(ctx context.Context, key string) (int, error) { return c.GetOrSet(ctx, key, load) }
		_, err := load(t.Context(), "k")
		return err
	}, is(core.ErrRecursiveLoad)},
	"ErrGoexit": {func(t *testing.T) error {
		return failure(t, hybrid.Options{}, exits[int]())
	}, is(core.ErrGoexit)},
	"ErrNotFound": {func(t *testing.T) error {
		return failure(t, hybrid.Options{}, fails[int](core.ErrNotFound))
	}, is(core.ErrNotFound)},
	"ErrTooLarge": {func(t *testing.T) error {
		return event(t, hybrid.Options{Memory: fullMemory{}}, core.MemoryRefused, func(*server) {})
	}, is(core.ErrTooLarge)},
	"ErrNoRoom": {func(t *testing.T) error {
		s := &crammed{batched: newBatched()}
		s.full.Store(true)
		_, err := open[int](t, hybrid.Options{Distributed: s}).Set(t.Context(), "k", 1, core.ReturnLayerErrors(true))
		s.full.Store(false)
		return err
	}, is(core.ErrNoRoom)},
	"ErrOverload": {func(t *testing.T) error {
		c := open[int](t, hybrid.Options{MaxFactories: 1})
		var err error
		_, _ = c.GetOrSet(t.Context(), "a", func(ctx context.Context, _ string) (int, error) {
			_, err = c.GetOrSet(ctx, "b", (&F[int]{}).load)
			return 0, nil
		})
		return err
	}, is(core.ErrOverload)},
	"ErrForeign": {func(t *testing.T) error {
		return event(t, hybrid.Options{}, core.Foreign, func(s *server) { putBytes(t, s, []byte("not ours")) })
	}, is(core.ErrForeign)},
	"ErrLeaseLost": {func(t *testing.T) error {
		c := startCluster(t, 1, locked())
		c.locks.losing.Store(true)
		w := watch(c.nodes[0], core.LayerFailed)
		ask(t, c.nodes[0], &F[int]{delay: 5 * time.Second})
		return w.all()[0].Err
	}, is(core.ErrLeaseLost)},
	"Error":        {boom, as[*core.Error]},
	"FactoryError": {boom, as[*core.FactoryError]},
	"PanicError": {func(t *testing.T) error {
		return failure(t, hybrid.Options{}, panics[int]("x"))
	}, as[*core.PanicError]},
	"LayerError": {func(t *testing.T) error {
		s := newServer(t)
		s.down.Store(true)
		_, _, err := open[int](t, hybrid.Options{Distributed: s}).Get(t.Context(), "k", core.ReturnLayerErrors(true))
		return err
	}, as[*core.LayerError]},
	"OptionError": {func(*testing.T) error {
		_, err := hybrid.New(hybrid.Options{})
		return err
	}, as[*core.OptionError]},
}

// failure is the error of a GetOrSet whose factory gives result.
func failure(t *testing.T, o hybrid.Options, result func() (int, error), opts ...core.Option) error {
	t.Helper()
	f := &F[int]{results: []func() (int, error){result}}
	_, err := open[int](t, o).GetOrSet(t.Context(), "k", f.load, opts...)
	return err
}

func boom(t *testing.T) error { return failure(t, hybrid.Options{}, fails[int](errBoom)) }

func timedOut(t *testing.T) error {
	f := &F[int]{delay: hang}
	_, err := open[int](t, hybrid.Options{}).GetOrSet(t.Context(), "k", f.load, core.HardTimeout(time.Second))
	return err
}

// event is the error of the first event of a kind during a load.
func event(t *testing.T, o hybrid.Options, kind core.Kind, before func(*server)) error {
	t.Helper()
	s := newServer(t)
	before(s)
	o.Distributed = s
	c := open[int](t, o)
	w := watch(c, kind)
	ask(t, c, &F[int]{})
	if len(w.all()) == 0 {
		return nil
	}
	return w.all()[0].Err
}

// fullMemory can hold nothing.
type fullMemory struct{}

func (fullMemory) Get(string) (*core.Entry, bool) { return nil, false }
func (fullMemory) Delete(string)                  {}
func (fullMemory) Set(string, *core.Entry) error  { return fmt.Errorf("full: %w", core.ErrTooLarge) }

func TestSeed_ER1_EveryExportedErrorCanBeProduced(t *testing.T) {
	for name, c := range producible {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if err := c.produce(t); !c.recognize(err) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
	for _, name := range exportedErrors(t) {
		if _, ok := producible[name]; !ok {
			t.Errorf("nothing here produces core.%s", name)
		}
	}
}

// exportedErrors returns the names of the errors, and types of errors, of core.
func exportedErrors(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for name := range file.Scope.Objects {
			if ast.IsExported(name) && (strings.HasPrefix(name, "Err") || strings.HasSuffix(name, "Error")) {
				names = append(names, name)
			}
		}
	}
	// These are options.
	names = slices.DeleteFunc(names, func(name string) bool {
		return name == "ErrorBackoff" || name == "ErrorBackoffMax" || name == "StaleIfError"
	})
	if len(names) < 10 {
		t.Errorf("only %q found", names)
	}
	return names
}

func TestSeed_ER3_FactoryErrorHasKeyAndCause(t *testing.T) {
	err := boom(t)
	f, ok := errors.AsType[*core.FactoryError](err)
	if !ok || f.Key != "v:k" || f.Unwrap() != errBoom || !errors.Is(err, errBoom) {
		t.Errorf("got %#v in %v", f, err)
	}
}

func TestSeed_ER4_ATimeoutIsATimeoutInEveryConfiguration(t *testing.T) {
	for _, failSafe := range []bool{false, true} {
		for _, soft := range []time.Duration{0, 50 * time.Millisecond, 200 * time.Millisecond} {
			t.Run(fmt.Sprintf("fail-safe %v soft %v", failSafe, soft), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := core.EntryOptions{TTL: time.Minute, SoftTimeout: soft, HardTimeout: 100 * time.Millisecond}
					if failSafe {
						o.StaleTTL = time.Hour
					}
					c := open[int](t, hybrid.Options{Defaults: o})
					f := &F[int]{delay: hang}
					took(t, 100*time.Millisecond, func() {
						_, err := c.GetOrSet(t.Context(), "k", f.load)
						e, ok := errors.AsType[*core.TimeoutError](err)
						if !ok || !errors.Is(err, core.ErrFactoryTimeout) || !errors.Is(err, context.DeadlineExceeded) {
							t.Fatalf("got %v", err)
						}
						if e.Key != "v:k" || e.After != 100*time.Millisecond || e.Soft {
							t.Errorf("got %+v", e)
						}
					})
				})
			})
		}
	}
}

func TestSeed_ER5_ErrorsOfOpeningNameTheOption(t *testing.T) {
	_, err := hybrid.New(hybrid.Options{Name: strings.Repeat("n", 200), Defaults: core.EntryOptions{TTL: -1}})
	for _, option := range []string{"Options.Memory", "Options.Name", "EntryOptions.TTL"} {
		expectOption(t, err, option)
	}
	if e, ok := errors.AsType[*core.Error](err); !ok || e.Op != core.OpOpen || !strings.HasPrefix(err.Error(), "cache: open: ") {
		t.Errorf("got %v", err)
	}
	s := newServer(t)
	s.down.Store(true)
	_, err = hybrid.New(hybrid.Options{
		Name: "app", Memory: new(mapMemory), Serializer: jsonSerializer{}, Distributed: deadServer{s}, RequireDistributed: true,
	})
	expectOption(t, err, "Options.RequireDistributed")
	if !errors.Is(err, errServer) {
		t.Errorf("the cause is missing in %v", err)
	}
}

// deadServer can be pinged, in vain.
type deadServer struct{ core.DistributedLayer }

func (deadServer) Ping(context.Context) error { return errServer }
