// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// unasked is a layer that must be left alone.
type unasked struct{ t *testing.T }

func (u unasked) Get(context.Context, string) ([]byte, bool, error) {
	u.t.Error("the layer was read")
	return nil, false, nil
}
func (u unasked) Set(context.Context, string, []byte, time.Duration) error { return nil }
func (u unasked) Delete(context.Context, string) error                     { return nil }

// one is a memory layer of one entry.
type one struct{ e *core.Entry }

func (o *one) Get(string) (*core.Entry, bool)    { return o.e, o.e != nil }
func (o *one) Set(_ string, e *core.Entry) error { o.e = e; return nil }
func (o *one) Delete(string)                     { o.e = nil }

// A caller that found memory empty, and comes to the server only after the read
// of another caller has ended, finds in memory what that one has brought.
func TestDistributed_ReadsNothingThatTheReadBeforeHasBrought(t *testing.T) {
	clock := core.NewMonotonic(nil)
	local := coherence.NewLocal(new(one), clock, nil)
	versions := coherence.NewVersions(coherence.NewNodeID(), clock.Wall, 0)
	shared := coherence.NewShared(unasked{t}, coherence.Prefixes{Entries: "e:", Marks: "m:"}, clock, versions, coherence.SharedOptions{}, nil)
	late := func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			now := clock.Now()
			local.Write(r.Key, core.Live(7, core.Meta{Born: now, Checked: now, Stale: core.Never, Dead: core.Never}))
			return next(ctx, r)
		}
	}
	options := core.EntryOptions{}.WithDefaults()
	read := coherence.Distributed(shared, local, late, nil)(func(context.Context, core.Request) (core.Result, error) {
		t.Error("the value was not found")
		return core.Result{}, nil
	})
	res, err := read(t.Context(), core.Request{Key: "k", Options: &options, Codec: core.NewCodec[int](nil)})
	if err != nil || res.Entry == nil || res.Level != core.LevelMemory {
		t.Errorf("got %+v, %v, want what memory has", res, err)
	}
}
