// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hitratio_test

import (
	"compress/gzip"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/hitratio"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
)

func TestRead_NumbersTheKeysOfPlainAndCompressedFiles(t *testing.T) {
	plain, packed := filepath.Join(t.TempDir(), "trace"), filepath.Join(t.TempDir(), "trace.gz")
	if err := os.WriteFile(plain, []byte("a\nb\na\nc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	_, _ = z.Write([]byte("a\nb\na\nc"))
	_, _ = z.Close(), f.Close()
	for _, path := range []string{plain, packed} {
		trace, err := hitratio.Read(path)
		if err != nil || trace.Count != 3 || !slices.Equal(trace.Keys, []uint32{0, 1, 0, 2}) {
			t.Errorf("%s: %+v, %v", path, trace, err)
		}
	}
}

func TestLRU_AndOptimumOfATraceDoneByHand(t *testing.T) {
	trace := hitratio.Trace{Keys: []uint32{1, 2, 3, 1, 2, 3, 1, 2, 3}, Count: 3}
	if got := hitratio.LRU(trace, 2); got != 0 {
		t.Errorf("LRU hits %v of a loop that is too long for it", got)
	}
	// It keeps 1 and 2 all the time.
	if got, want := hitratio.Optimum(trace, 2), 4.0/9; got != want {
		t.Errorf("optimum is %v, want %v", got, want)
	}
	if got, want := hitratio.LRU(trace, 3), 6.0/9; got != want {
		t.Errorf("LRU with room for all is %v, want %v", got, want)
	}
}

func TestReplay_NobodyBeatsTheOptimum(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, trace := range hitratio.Patterns(rng, 20_000, 4000) {
		best, lru := hitratio.Optimum(trace, 500), hitratio.LRU(trace, 500)
		if lru > best {
			t.Errorf("%s: LRU %v, optimum %v", trace.Name, lru, best)
		}
		for _, p := range peers.All[string]() {
			if p.Name != peers.OtterLoad && p.Name != peers.OursOtter {
				continue
			}
			got, err := hitratio.Replay(t.Context(), trace, p, 500)
			if err != nil || got > best {
				t.Errorf("%s: %s: %v, %v; optimum %v", trace.Name, p.Name, got, err, best)
			}
		}
	}
}
