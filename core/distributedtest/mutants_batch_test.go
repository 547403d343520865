// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// editMany makes a mutant whose GetMany tells something else than it found.
func editMany(edit func(out []core.Got) []core.Got) func(f *fake) {
	return func(f *fake) {
		f.getMany = func(ctx context.Context, keys []string) ([]core.Got, error) {
			plain := *f
			plain.getMany = nil
			out, err := plain.GetMany(ctx, keys)
			return edit(out), err
		}
	}
}

// editHeaders is editMany for ReadHeaders.
func editHeaders(edit func(out []core.Got) []core.Got) func(f *fake) {
	return func(f *fake) {
		f.headers = func(ctx context.Context, keys []string) ([]core.Got, error) {
			plain := *f
			plain.headers = nil
			out, err := plain.ReadHeaders(ctx, keys)
			return edit(out), err
		}
	}
}

// editRuled makes a mutant whose ArbitrateMany takes or tells something else.
func editRuled(take func(w []core.KeyWrite), tell func(out []core.Ruled)) func(f *fake) {
	return func(f *fake) {
		f.arbitrateMany = func(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
			plain := *f
			plain.arbitrateMany = nil
			writes = slices.Clone(writes)
			take(writes)
			out, err := plain.ArbitrateMany(ctx, writes)
			tell(out)
			return out, err
		}
	}
}

// lives makes a mutant whose ArbitrateMany stores for another time.
func lives(edit func(w *core.Write)) func(r *rig) {
	return func(r *rig) {
		r.onNew = editRuled(func(w []core.KeyWrite) {
			for i := range w {
				edit(&w[i].Write)
			}
		}, func([]core.Ruled) {})
	}
}

// keepWrites makes a mutant that goes on reading from what ArbitrateMany was given.
func keepWrites(r *rig) {
	r.onNew = func(f *fake) {
		var kept table[[]byte]
		get := f.get
		f.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			data, ok, err := get(ctx, key)
			if body, held := kept.get(key); held && ok && len(body) == len(data) {
				copy(data[core.HeaderSize:], body[core.HeaderSize:])
			}
			return data, ok, err
		}
		var given []core.KeyWrite
		editRuled(func(w []core.KeyWrite) { given = w }, func(out []core.Ruled) {
			for i, w := range given {
				if out[i].Stored {
					kept.put(w.Key, w.Data)
				}
			}
		})(f)
	}
}

// tellNotices makes a mutant that says of every notice that it was published.
func tellNotices(r *rig) {
	var noticed []bool
	r.onNew = editRuled(func(w []core.KeyWrite) {
		noticed = noticed[:0]
		for i := range w {
			noticed = append(noticed, w[i].Notice != nil)
		}
	}, func(out []core.Ruled) {
		for i := range out {
			out[i].Told = noticed[i]
		}
	})
}

// forgive makes misses of failures.
func forgive(out []core.Got) []core.Got {
	for i := range out {
		out[i].Err = nil
	}
	return out
}

func batchMutants() []mutant {
	missOnFailure := editMany(forgive)
	hidden := func(r *rig) {
		r.wrap = func(l core.DistributedLayer) core.DistributedLayer {
			f := l.(*fake)
			f.getMany = func(context.Context, []string) ([]core.Got, error) { return nil, errors.ErrUnsupported }
			return f
		}
	}
	refuseAll := editRuled(func([]core.KeyWrite) {}, func(out []core.Ruled) {
		for i := range out {
			out[i].Err = nil
		}
	})
	return []mutant{
		{"BatchGet", "misses are left out", func(r *rig) {
			r.onNew = editMany(func(out []core.Got) []core.Got {
				return slices.DeleteFunc(out, func(g core.Got) bool { return !g.OK && g.Err == nil && len(out) > 1 })
			})
		}},
		{"BatchGet", "the order is another", func(r *rig) {
			r.onNew = editMany(func(out []core.Got) []core.Got { slices.Reverse(out); return out })
		}},
		{"BatchGet", "an empty value is a miss", func(r *rig) {
			r.onNew = editMany(func(out []core.Got) []core.Got {
				for i := range out {
					out[i].OK = len(out[i].Data) > 0
				}
				return out
			})
		}},
		{"BatchGet", "all values share one buffer", func(r *rig) {
			r.onNew = editMany(func(out []core.Got) []core.Got {
				var shared []byte
				for _, g := range out {
					shared = append(shared, g.Data...)
				}
				for i := range out {
					n := len(out[i].Data)
					out[i].Data, shared = shared[:n], shared[n:] // with room to write into the next
				}
				return out
			})
		}},
		{"BatchArbitrate", "the order is another", func(r *rig) {
			r.onNew = editRuled(func([]core.KeyWrite) {}, func(out []core.Ruled) { slices.Reverse(out) })
		}},
		{"BatchArbitrate", "every write is forced", func(r *rig) {
			r.onNew = editRuled(func(w []core.KeyWrite) {
				for i := range w {
					w[i].Mode = core.Force
				}
			}, func([]core.Ruled) {})
		}},
		{"BatchArbitrate", "the last write is left out", func(r *rig) {
			r.onNew = editRuled(func(w []core.KeyWrite) {
				if n := len(w); n > 1 {
					w[n-1] = core.KeyWrite{Key: w[n-1].Key + "elsewhere", Write: w[n-1].Write}
				}
			}, func([]core.Ruled) {})
		}},
		{"BatchArbitrate", "all live equally long", lives(func(w *core.Write) { w.TTL, w.TombstoneTTL = time.Minute, time.Minute })},
		{"BatchArbitrate", "tombstones live like values", lives(func(w *core.Write) { w.TombstoneTTL = w.TTL })},
		{"BatchArbitrate", "the caller's bytes are kept", keepWrites},
		{"BatchArbitrate", "a notice counts as published", tellNotices},
		{"DoneContext", "GetMany makes it a miss", func(r *rig) { r.onNew = missOnFailure }},
		{"AfterClose", "GetMany makes it a miss", func(r *rig) { r.onClosed = missOnFailure }},
		{"ServerDown", "GetMany makes it a miss", func(r *rig) { r.onDown = missOnFailure }},
		{"ServerDown", "ArbitrateMany refuses everything", func(r *rig) { r.onDown = refuseAll }},
		{"Abilities", "Batch is not declared", func(r *rig) { r.features.Batch = false }},
		{"Abilities", "GetMany is hidden by a wrapper", hidden},
	}
}

func batchHeadersMutants() []mutant {
	missOnFailure := editHeaders(forgive)
	return []mutant{
		{"BatchHeaders", "the order is another", func(r *rig) {
			r.onNew = editHeaders(func(out []core.Got) []core.Got { slices.Reverse(out); return out })
		}},
		{"BatchHeaders", "misses are left out", func(r *rig) {
			r.onNew = editHeaders(func(out []core.Got) []core.Got {
				return slices.DeleteFunc(out, func(g core.Got) bool { return !g.OK && g.Err == nil && len(out) > 1 })
			})
		}},
		{"BatchHeaders", "they are whole values", func(r *rig) {
			r.onNew = func(f *fake) { f.headers = f.GetMany }
		}},
		{"BatchHeaders", "what is shorter than a header is a miss", func(r *rig) {
			r.onNew = editHeaders(func(out []core.Got) []core.Got {
				for i := range out {
					out[i].OK = len(out[i].Data) == core.HeaderSize
				}
				return out
			})
		}},
		{"DoneContext", "ReadHeaders makes it a miss", func(r *rig) { r.onNew = missOnFailure }},
		{"ServerDown", "ReadHeaders makes it a miss", func(r *rig) { r.onDown = missOnFailure }},
		{"Abilities", "BatchHeaders is not declared", func(r *rig) { r.features.BatchHeaders = false }},
		{"Abilities", "ReadHeaders is declared and not there", func(r *rig) {
			r.onNew = func(f *fake) {
				f.headers = func(context.Context, []string) ([]core.Got, error) { return nil, errors.ErrUnsupported }
			}
		}},
	}
}
