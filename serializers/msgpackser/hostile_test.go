// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

const (
	childEnv = "MSGPACKSER_HOSTILE_CHILD"
	// fewTargets is how many targets, from the first, see the largest inputs.
	fewTargets = 6
	survived   = "survived all hostile inputs"
)

// allocBound is what Options.MaxAmplification promises, and some room for what
// the first use of a type allocates.
func allocBound(size int) uint64 { return uint64(size)*(128+16) + 1<<20 + 256<<10 }

func mustNew(tb testing.TB, opts *msgpackser.Options) *msgpackser.Serializer {
	tb.Helper()
	s, err := msgpackser.New(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestUnmarshal_SurvivesHostileInput runs in a process of its own, because what
// it guards against cannot be recovered from.
func TestUnmarshal_SurvivesHostileInput(t *testing.T) {
	if os.Getenv(childEnv) != "" {
		hostileChild(t)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestUnmarshal_SurvivesHostileInput$", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), survived) {
		t.Fatalf("the process died: %v\n%.4000s", err, out)
	}
}

func hostileChild(t *testing.T) {
	debug.SetMaxStack(8 << 20)
	s := mustNew(t, nil)
	for _, h := range hostiles() {
		for i, into := range targets() {
			if len(h.data) > 1<<20 && i >= fewTargets {
				break
			}
			if err := meter(s, h.data, into); err != nil {
				t.Errorf("%s of %d bytes into %s: %v", h.name, len(h.data), into.name, err)
			}
		}
	}
	fmt.Println(survived)
}

// meter decodes data and returns an error if that allocated too much.
func meter(s *msgpackser.Serializer, data []byte, into target) error {
	v := into.make()
	before := allocated()
	decodeErr := s.Unmarshal(data, v)
	took, bound := allocated()-before, allocBound(len(data))
	if into.methods {
		bound *= 2
	}
	if took > bound {
		return fmt.Errorf("allocated %d bytes, more than %d; result: %v", took, bound, decodeErr)
	}
	return nil
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
