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

func faultMutants() []mutant {
	return slices.Concat(contextMutants(), serverMutants(), abilityMutants())
}

func contextMutants() []mutant {
	return []mutant{
		{"DoneContext", "Get ignores it", func(r *rig) {
			r.onNew = func(f *fake) {
				get := f.get
				f.get = func(ctx context.Context, key string) ([]byte, bool, error) {
					return get(context.WithoutCancel(ctx), key)
				}
			}
		}},
		{"DoneContext", "Get makes it a miss", func(r *rig) { r.onNew = missOnError }},
		{"DoneContext", "Set ignores it", func(r *rig) {
			r.onNew = func(f *fake) {
				set := f.set
				f.set = func(ctx context.Context, key string, data []byte, ttl time.Duration) error {
					return set(context.WithoutCancel(ctx), key, data, ttl)
				}
			}
		}},
		{"DoneContext", "Delete ignores it", func(r *rig) {
			r.onNew = func(f *fake) {
				del := f.del
				f.del = func(ctx context.Context, key string) error { return del(context.WithoutCancel(ctx), key) }
			}
		}},
		{"DoneContext", "Ping ignores it", func(r *rig) {
			r.onNew = func(f *fake) { f.ping = always(nil) }
		}},
		{"DoneContext", "the error hides it", func(r *rig) {
			r.onNew = func(f *fake) {
				del := f.del
				f.del = func(ctx context.Context, key string) error {
					if err := del(ctx, key); err != nil {
						return errors.New("timeout")
					}
					return nil
				}
			}
		}},
		{"DoneContext", "Arbitrate ignores it", func(r *rig) {
			r.onNew = func(f *fake) {
				arbitrate := f.arbitrate
				f.arbitrate = func(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
					return arbitrate(context.WithoutCancel(ctx), key, w)
				}
			}
		}},
		{"DoneContext", "ReadHeader makes it a miss", func(r *rig) { r.onNew = noHeaderOnError }},
	}
}

func serverMutants() []mutant {
	return []mutant{
		{"AfterClose", "ReadHeader makes it a miss", func(r *rig) { r.onClosed = noHeaderOnError }},
		{"ServerDown", "ReadHeader makes it a miss", func(r *rig) { r.onDown = noHeaderOnError }},
		{"ServerDown", "Arbitrate refuses everything", func(r *rig) {
			r.onDown = func(f *fake) {
				f.arbitrate = func(context.Context, string, core.Write) (core.Ruling, error) { return core.Ruling{}, nil }
			}
		}},
		{"AfterClose", "Get makes it a miss", func(r *rig) { r.onClosed = missOnError }},
		{"AfterClose", "Set panics", func(r *rig) {
			r.onClosed = func(f *fake) {
				f.set = func(context.Context, string, []byte, time.Duration) error { panic("send on closed channel") }
			}
		}},
		{"AfterClose", "Delete succeeds", func(r *rig) { r.onClosed = deleteSucceeds }},
		{"ServerDown", "Get makes it a miss", func(r *rig) { r.onDown = missOnError }},
		{"ServerDown", "Delete succeeds", func(r *rig) { r.onDown = deleteSucceeds }},
		{"ServerStalled", "the client's own limit rules", func(r *rig) {
			r.onStalled = func(f *fake) {
				get := f.get
				f.get = func(ctx context.Context, key string) ([]byte, bool, error) {
					pause(5 * time.Second)
					return get(ctx, key)
				}
			}
		}},
		{"ServerStalled", "the error hides the deadline", func(r *rig) {
			r.onStalled = func(f *fake) {
				ping := f.ping
				f.ping = func(ctx context.Context) error {
					_ = ping(ctx)
					return errors.New("i/o timeout")
				}
			}
		}},
	}
}

func abilityMutants() []mutant {
	return []mutant{
		{"Abilities", "Ping is not declared", func(r *rig) { r.features.Ping = false }},
		{"Abilities", "Arbiter is not declared", func(r *rig) { r.features.Arbiter = false }},
		{"Abilities", "Arbiter is hidden by a wrapper", func(r *rig) {
			r.wrap = func(l core.DistributedLayer) core.DistributedLayer {
				return struct {
					core.DistributedLayer
					core.Pinger
				}{l, l.(core.Pinger)}
			}
		}},
		{"Abilities", "Ping is hidden by a wrapper", func(r *rig) {
			r.wrap = func(l core.DistributedLayer) core.DistributedLayer { return struct{ core.DistributedLayer }{l} }
		}},
		{"Ping", "it fails while the server answers", func(r *rig) {
			r.onNew = func(f *fake) {
				f.ping = func(ctx context.Context) error { return errors.Join(ctx.Err(), errors.New("unknown command")) }
			}
		}},
	}
}

func missOnError(f *fake) {
	get := f.get
	f.get = func(ctx context.Context, key string) ([]byte, bool, error) {
		data, ok, err := get(ctx, key)
		if err != nil {
			return nil, false, nil
		}
		return data, ok, nil
	}
}

func noHeaderOnError(f *fake) {
	header := f.header
	f.header = func(ctx context.Context, key string) ([]byte, bool, error) {
		data, ok, err := header(ctx, key)
		if err != nil {
			return nil, false, nil
		}
		return data, ok, nil
	}
}

func deleteSucceeds(f *fake) { f.del = func(context.Context, string) error { return nil } }
