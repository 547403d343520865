// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

var errCause = errors.New("cause")

func TestErrors_SayWhatHappenedAndUnwrap(t *testing.T) {
	for _, c := range []struct {
		err  error
		text string
	}{
		{&core.Error{Op: core.OpSet, Key: "k", Err: errCause}, `cache: set "k": cause`},
		{&core.Error{Op: core.OpSet, Key: "a \"b\"\n", Err: errCause}, `cache: set "a \"b\"\n": cause`},
		{&core.Error{Op: core.OpClose, Err: errCause}, `cache: close: cause`},
		{&core.FactoryError{Key: "k", Err: errCause}, `factory: cause`},
		{&core.PanicError{Value: errCause}, `panic: cause`},
		{&core.LayerError{Level: core.LevelDistributed, Op: core.OpGet, Key: "k", Err: errCause}, `distributed get: cause`},
		{&core.OptionError{Option: "Options.Name", Err: errCause}, `option Options.Name: cause`},
		{core.NoFailSafe(errCause), `cause`},
	} {
		if c.err.Error() != c.text {
			t.Errorf("%T reads %q, want %q", c.err, c.err, c.text)
		}
		if !errors.Is(c.err, errCause) {
			t.Errorf("%T does not unwrap to its cause", c.err)
		}
		if wrapped := fmt.Errorf("more: %w", c.err); !errors.Is(wrapped, c.err) {
			t.Errorf("%T is not found when wrapped", c.err)
		}
	}
}

func TestPanicError_LeavesOutWhatMayBeSecret(t *testing.T) {
	err := &core.PanicError{Value: "hunter2", Stack: []byte("stack")}
	if got := err.Error(); got != "panic: string" {
		t.Errorf("got %q", got)
	}
	if errors.Unwrap(err) != nil {
		t.Error("a value that is no error was unwrapped")
	}
	if err.Value != "hunter2" || string(err.Stack) != "stack" {
		t.Error("value or stack is lost")
	}
}

func TestTimeoutError_IsBothKindsOfTimeout(t *testing.T) {
	for _, c := range []struct {
		err  error
		text string
	}{
		{core.ErrFactoryTimeout, "factory timed out"},
		{&core.TimeoutError{Key: "k", After: time.Second}, "factory timed out after 1s"},
		{&core.TimeoutError{Key: "k", After: time.Second, Soft: true}, "factory passed the soft timeout of 1s"},
	} {
		if !errors.Is(c.err, core.ErrFactoryTimeout) || !errors.Is(c.err, context.DeadlineExceeded) {
			t.Errorf("%v is not both", c.err)
		}
		if errors.Is(c.err, context.Canceled) {
			t.Errorf("%v is a cancellation", c.err)
		}
		if c.err.Error() != c.text {
			t.Errorf("reads %q, want %q", c.err, c.text)
		}
	}
	if errors.Is(context.DeadlineExceeded, core.ErrFactoryTimeout) {
		t.Error("any deadline counts as a timeout of the factory")
	}
}

func TestNoFailSafe_IsFoundThroughWrapping(t *testing.T) {
	marked := fmt.Errorf("more: %w", &core.FactoryError{Err: fmt.Errorf("most: %w", core.NoFailSafe(errCause))})
	if core.MasksStale(marked) {
		t.Error("a marked error may be masked")
	}
	if !core.MasksStale(errCause) || !core.MasksStale(nil) {
		t.Error("an error that is not marked may not be masked")
	}
	if core.NoFailSafe(nil) != nil {
		t.Error("nil became an error")
	}
}

func TestNames_EveryValueHasOneAndOthersAreUnknown(t *testing.T) {
	names := map[string][]fmt.Stringer{}
	for op := core.OpGet; op <= core.OpOpen; op++ {
		names["Op"] = append(names["Op"], op)
	}
	for l := core.LevelMemory; l <= core.LevelFactory; l++ {
		names["Level"] = append(names["Level"], l)
	}
	for s := core.Fresh; s <= core.Dead; s++ {
		names["State"] = append(names["State"], s)
	}
	names["Outcome"] = []fmt.Stringer{core.Committed, core.LocalOnly}
	for kind, values := range names {
		seen := map[string]bool{}
		for _, v := range values {
			name := v.String()
			if name == "" || name == "unknown" || name == "none" || seen[name] || name != strings.ToLower(name) {
				t.Errorf("%s %d is called %q", kind, v, name)
			}
			seen[name] = true
		}
	}
	for _, v := range []fmt.Stringer{core.Op(99), core.State(0), core.Outcome(0)} {
		if v.String() != "unknown" {
			t.Errorf("%T is called %q", v, v)
		}
	}
}
