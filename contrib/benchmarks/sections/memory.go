// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

// MemoryEnv names the contestant that a process of its own is to measure.
const MemoryEnv = "FUSIONCACHE_BENCHMARK_MEMORY"

// footprint is what a million entries take.
type footprint struct {
	Bytes float64 // for one entry
	Cycle float64 // milliseconds of processor time for a cycle of the garbage collector
}

func memory(ctx context.Context, r *Run) (*report.Section, error) {
	const n = 1_000_000
	s := &report.Section{
		Name: "memory", Title: "Memory",
		Text: fmt.Sprintf("Room for %d entries: key of 20 bytes, value of 64; those that keep bytes get as much memory as so many take. Twice as many were set; bytes for an entry are the growth of the heap by the entries that are held then. "+
			"Processor time of one cycle of the garbage collector. Each measurement has a process of its own; medians of three, but for a quick run.", n),
	}
	table := report.Table{Header: []string{"", "bytes for an entry", "collector, ms a cycle"}}
	names := []string{"nothing", "otter, Get", peers.OursOtter, "freecache, pooled msgpack", peers.OursFreecache, peers.Theine, "ristretto", peers.Sturdyc, "sharded map"}
	names = pick(r, names, names[:5])
	found, err := footprints(ctx, r, names, pick(r, 3, 1), n)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		table.Add(name, fmt.Sprintf("%.0f", found[name].Bytes), found[name].Cycle)
	}
	s.Tables = append(s.Tables, table)
	s.Budgets = append(s.Budgets,
		report.Budget{What: "memory: ours, freecache, for an entry", Got: found[peers.OursFreecache].Bytes, Most: 170, Bound: boundBytes, Unit: " B"},
		report.Budget{What: "memory: ours, otter, for an entry", Got: found[peers.OursOtter].Bytes, Most: 250, Bound: boundObjectBytes, Unit: " B"},
		report.Budget{What: "memory: collector, ours with otter by otter", Got: found[peers.OursOtter].Cycle / found["otter, Get"].Cycle, Most: 1.25, Bound: boundCollector},
		report.Budget{What: "memory: collector, ours with freecache less nothing at all", Got: found[peers.OursFreecache].Cycle - found["nothing"].Cycle, Most: 1, Unit: " ms"})
	return s, nil
}

// footprints measures each contestant in so many turns, and returns the medians.
func footprints(ctx context.Context, r *Run, names []string, turns, n int) (map[string]footprint, error) {
	bytes, cycles := map[string][]float64{}, map[string][]float64{}
	for turn := range turns {
		for _, name := range names {
			r.Log("memory: %s, %d of %d", name, turn+1, turns)
			f, err := inProcess(ctx, name, n)
			if err != nil {
				return nil, fmt.Errorf("memory: %s: %w", name, err)
			}
			bytes[name], cycles[name] = append(bytes[name], f.Bytes), append(cycles[name], f.Cycle)
		}
	}
	found := map[string]footprint{}
	for _, name := range names {
		found[name] = footprint{measure.Median(bytes[name]), measure.Median(cycles[name])}
	}
	return found, nil
}

// inProcess runs this program again for one contestant.
func inProcess(ctx context.Context, name string, n int) (f footprint, err error) {
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s", MemoryEnv, n, name))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err == nil {
		_, err = fmt.Sscan(string(out), &f.Bytes, &f.Cycle)
	}
	return f, err
}

// MeasureMemory is what the process does that [MemoryEnv] has a value for.
func MeasureMemory(ctx context.Context, what string) (string, error) {
	size, name, _ := strings.Cut(what, " ")
	n := 0
	if _, err := fmt.Sscan(size, &n); err != nil {
		return "", err
	}
	i := slices.IndexFunc(peers.All[string](), func(p peers.Peer[string]) bool { return p.Name == name })
	if i < 0 {
		return fmt.Sprintf("0 %.3f", collect()), nil
	}
	peer := peers.All[string]()[i]
	before := heap()
	cache, held, err := full(ctx, peer, n, 150*n)
	if err == nil && peer.Bytes {
		cache.Close()
		cache, held, err = full(ctx, peer, n, int(150*float64(n)*float64(n)/float64(held)))
	}
	if err != nil {
		return "", err
	}
	bytes := (float64(heap()) - float64(before)) / float64(held)
	cycle := collect()
	runtime.KeepAlive(cache)
	return fmt.Sprintf("%.1f %.3f", bytes, cycle), nil
}

// full returns a contestant with room for n entries, after twice as many were set, and
// how many it holds. Memory is for those that keep bytes.
func full(ctx context.Context, p peers.Peer[string], n, memory int) (cache peers.Cache[string], held int, err error) {
	asked := false
	cache, err = p.New(peers.Config[string]{Capacity: n, Memory: memory, Load: func(_ context.Context, key string) (string, error) {
		if asked {
			return "", errNoHit
		}
		return load.Text().Make(load.Number(key)), nil
	}})
	if err != nil {
		return nil, 0, err
	}
	for i := range 2 * n {
		_, _ = cache.Get(ctx, load.Key(i))
	}
	peers.Settle(cache)
	asked = true
	return cache, max(1, count(ctx, cache, 2*n)), nil
}

// count returns how many of n keys are held.
func count(ctx context.Context, cache peers.Cache[string], n int) (held int) {
	for i := range n {
		if _, err := cache.Get(ctx, load.Key(i)); err == nil {
			held++
		}
	}
	return held
}

func heap() uint64 {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// collect returns the processor time of a cycle in milliseconds, the median of eleven.
func collect() float64 {
	const cycles = 11
	sample := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	var took []float64
	for range cycles {
		metrics.Read(sample)
		before := sample[0].Value.Float64()
		runtime.GC()
		metrics.Read(sample)
		took = append(took, (sample[0].Value.Float64()-before)*1000)
	}
	return measure.Median(took)
}
