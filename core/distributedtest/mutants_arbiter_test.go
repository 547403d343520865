// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// editWrite makes a mutant that arbitrates another write than it was given.
func editWrite(edit func(w core.Write) core.Write) func(r *rig) {
	return func(r *rig) {
		r.onNew = func(f *fake) {
			arbitrate := f.arbitrate
			f.arbitrate = func(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
				return arbitrate(ctx, key, edit(w))
			}
		}
	}
}

// editRuling makes a mutant that decides right and says something else.
func editRuling(edit func(w core.Write, r core.Ruling) core.Ruling) func(r *rig) {
	return func(r *rig) {
		r.onNew = func(f *fake) {
			arbitrate := f.arbitrate
			f.arbitrate = func(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
				ruling, err := arbitrate(ctx, key, w)
				if err != nil {
					return ruling, err
				}
				return edit(w, ruling), nil
			}
		}
	}
}

// inSteps makes a mutant that decides with Get and stores with Set. change
// changes what it finds or decides, for the writes that applies accepts.
func inSteps(applies func(key string, w core.Write, current []byte) bool, change func(w core.Write, current []byte) core.Decision) func(r *rig) {
	return func(r *rig) {
		r.onNew = func(f *fake) {
			get, set, arbitrate := f.get, f.set, f.arbitrate
			f.arbitrate = func(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
				current, _, err := get(ctx, key)
				if err != nil || !applies(key, w, current) {
					return arbitrate(ctx, key, w)
				}
				d := change(w, current)
				if d.Store {
					err = set(ctx, key, d.Data, d.TTL)
				}
				return d.Ruling, err
			}
		}
	}
}

func isForeign(_ string, _ core.Write, current []byte) bool {
	_, err := core.ParseHeader(current)
	return err != nil && len(current) > 0
}

func arbiterMutants() []mutant {
	return slices.Concat(decisionMutants(), placeMutants(), headerMutants())
}

func decisionMutants() []mutant {
	return []mutant{
		{"ArbiterDecides", "a replay is forced", editWrite(func(w core.Write) core.Write {
			if w.Mode == core.Replay && w.Skew < time.Second {
				w.Mode = core.Force
			}
			return w
		})},
		{"ArbiterDecides", "clocks are taken to agree within a millisecond", editWrite(func(w core.Write) core.Write {
			if w.Skew < time.Second {
				w.Skew = 0
			}
			return w
		})},
		{"ArbiterDecides", "a replay that had been applied is a refusal", editRuling(func(w core.Write, r core.Ruling) core.Ruling {
			ours, _ := core.ParseHeader(w.Data)
			r.Stored = r.Stored && (w.Mode != core.Replay || r.Header.Version == ours.Version || !r.Header.Same(ours.Version) || r.Header.Kind != ours.Kind)
			return r
		})},
		{"ArbiterDecides", "the counter overflows", inSteps(hasFullBump, overflow)},
		{"ArbiterHighest", "the time overflows", inSteps(hasHighest, beyondHighest)},
		{"ArbiterHighest", "the highest version is not replaced", inSteps(hasHighest, func(_ core.Write, current []byte) core.Decision {
			there, _ := core.ParseHeader(current)
			return core.Decision{Ruling: core.Ruling{Header: there}}
		})},
		{"ArbiterHeadless", "a write without a header is an error", func(r *rig) {
			r.onNew = func(f *fake) {
				arbitrate := f.arbitrate
				f.arbitrate = func(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
					if _, err := core.ParseHeader(w.Data); err != nil {
						return core.Ruling{}, err
					}
					return arbitrate(ctx, key, w)
				}
			}
		}},
		{"ArbiterHeadless", "a write without a header is stored", func(r *rig) {
			r.onNew = func(f *fake) {
				set, arbitrate := f.set, f.arbitrate
				f.arbitrate = func(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
					if len(w.Data) == 1 {
						return core.Ruling{Foreign: true}, set(ctx, key, w.Data, w.TTL)
					}
					return arbitrate(ctx, key, w)
				}
			}
		}},
	}
}

func placeMutants() []mutant {
	return []mutant{
		{"ArbiterBytes", "zeroes at the end are lost", editWrite(func(w core.Write) core.Write {
			if len(w.Data) < core.HeaderSize {
				return w
			}
			w.Data = append(bytes.Clone(w.Data[:core.HeaderSize]), bytes.TrimRight(w.Data[core.HeaderSize:], "\x00")...)
			return w
		})},
		{"ArbiterBytes", "the argument is kept", keepWrite},
		{"ArbiterBytes", "the largest size is refused", func(r *rig) {
			r.onNew = func(f *fake) {
				arbitrate := f.arbitrate
				f.arbitrate = func(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
					if len(w.Data) >= maxValue {
						return core.Ruling{}, errors.New("too large")
					}
					return arbitrate(ctx, key, w)
				}
			}
		}},
		{"ArbiterNotice", "every notice counts as published", editRuling(func(w core.Write, r core.Ruling) core.Ruling {
			r.Told = w.Notice != nil
			return r
		})},
		{"ArbiterKeys", "colons become underscores", func(r *rig) {
			r.onNew = func(f *fake) { mapArbiterKeys(f, strings.NewReplacer(":", "_").Replace) }
		}},
		{"ArbiterKeys", "only Arbitrate escapes", func(r *rig) {
			r.onNew = func(f *fake) {
				header := f.header
				mapArbiterKeys(f, strings.NewReplacer(" ", "%20").Replace)
				f.header = header
			}
		}},
		{"ArbiterForeign", "force overwrites them", inSteps(isForeign, func(w core.Write, current []byte) core.Decision {
			if w.Mode == core.Force {
				current = nil
			}
			return w.Decide(current)
		})},
		{"ArbiterForeign", "what is shorter than a header is nothing", inSteps(isForeign, func(w core.Write, current []byte) core.Decision {
			if len(current) < core.HeaderSize {
				current, w.Expect = nil, nil
			}
			return w.Decide(current)
		})},
		{"ArbiterForeign", "upper case is taken for ours", inSteps(isForeign, func(w core.Write, current []byte) core.Decision {
			return w.Decide(bytes.Replace(current, []byte("A"), []byte("a"), 1))
		})},
		{"ArbiterForeign", "the ruling is a refusal", editRuling(func(w core.Write, r core.Ruling) core.Ruling {
			_, headless := core.ParseHeader(w.Data)
			r.Foreign = headless != nil
			return r
		})},
	}
}

func headerMutants() []mutant {
	return []mutant{
		{"ReadHeader", "the whole value is returned", func(r *rig) {
			r.onNew = func(f *fake) {
				f.header = func(ctx context.Context, key string) ([]byte, bool, error) {
					data, ok, err := f.get(ctx, key)
					if len(data) == core.HeaderSize || bytes.Contains(data, []byte(key)) {
						data = data[:core.HeaderSize]
					}
					return data, ok, err
				}
			}
		}},
		{"ReadHeader", "nothing is an empty header", func(r *rig) {
			r.onNew = func(f *fake) {
				var known table[bool]
				onArbitrate(f, func(key string, _ core.Write, _ core.Ruling) { known.put(key, true) })
				header := f.header
				f.header = func(ctx context.Context, key string) ([]byte, bool, error) {
					data, ok, err := header(ctx, key)
					_, arbitrated := known.get(key)
					return data, ok || err == nil && !arbitrated, err
				}
			}
		}},
		{"ReadHeader", "a short value is a miss", func(r *rig) {
			r.onNew = func(f *fake) {
				header := f.header
				f.header = func(ctx context.Context, key string) ([]byte, bool, error) {
					data, ok, err := header(ctx, key)
					return data, ok && len(data) == core.HeaderSize, err
				}
			}
		}},
		{"ReadHeader", "all readers share one slice", func(r *rig) {
			r.onNew = func(f *fake) {
				var shared table[[]byte]
				header := f.header
				f.header = func(ctx context.Context, key string) ([]byte, bool, error) {
					data, ok, err := header(ctx, key)
					if _, have := shared.get(key); !have && ok {
						shared.put(key, data)
					}
					if ok {
						data, _ = shared.get(key)
					}
					return data, ok, err
				}
			}
		}},
	}
}

// hasFullBump picks forced writes that would lift the server's counter beyond
// its limit.
func hasFullBump(_ string, w core.Write, current []byte) bool {
	there, err := core.ParseHeader(current)
	return err == nil && there.Bump >= core.MaxTick && w.Decide(current).Header.Bump == 1 && w.Mode == core.Force
}

// hasHighest picks forced writes over the highest time.
func hasHighest(_ string, w core.Write, current []byte) bool {
	there, err := core.ParseHeader(current)
	return err == nil && there.Time == core.MaxTime && w.Mode == core.Force
}

// beyondHighest goes on to a time that has one digit too many.
func beyondHighest(w core.Write, current []byte) core.Decision {
	d := w.Decide(current)
	h := bytes.Clone(d.Data[:core.HeaderSize])
	copy(h[2:], "10000000000000")
	d.Data = append(h, d.Data[core.HeaderSize:]...)
	return d
}

// overflow lets the counter stay at its limit instead of going on to the time.
func overflow(w core.Write, current []byte) core.Decision {
	d := w.Decide(current)
	there, _ := core.ParseHeader(current)
	d.Header.Time, d.Header.Tick, d.Header.Bump = there.Time, there.Tick, core.MaxTick
	d.Data = append(core.AppendHeader(nil, d.Header), d.Data[core.HeaderSize:]...)
	return d
}

// keepWrite keeps the body of the write that it was given, and no copy.
func keepWrite(r *rig) {
	r.onNew = func(f *fake) {
		var kept table[[]byte]
		onArbitrate(f, func(key string, w core.Write, r core.Ruling) {
			if r.Stored && w.Mode == core.Fill && r.Header.Kind == core.FillWrite {
				kept.put(key, w.Data[core.HeaderSize:])
			} else {
				kept.put(key, nil)
			}
		})
		get := f.get
		f.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			data, ok, err := get(ctx, key)
			if body, _ := kept.get(key); ok && body != nil && len(data) == core.HeaderSize+len(body) {
				data = append(bytes.Clone(data[:core.HeaderSize]), body...)
			}
			return data, ok, err
		}
	}
}
