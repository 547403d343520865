// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

// paths are the composed read paths. A view that has just found memory empty
// takes a path without the first look into it.
type paths struct {
	load, loadMissed core.Handler
	read, readMissed core.Handler
}

// compose is the one place that lists the stages in order, outermost first.
// docs/pipeline.md gives a reason and a test for each neighbouring pair.
func (s *Stack) compose() paths {
	load := append(s.front(),
		resilience.FailSafe(s.clock, s.local, s.events),
		resilience.Timeout(s.clock, s.events),
		s.loads.Stage,
		coherence.Memory(s.local), // the second look
		coherence.Commit(s.writer),
	)
	load = append(load, s.plugins.Stages(core.AroundLoad)...)
	load = append(load, resilience.Deadline())
	return s.withMemory(load, resilience.Origin(s.clock, s.events), s.front(), s.nothing)
}

// front is what reading and loading have in common, behind memory.
func (s *Stack) front() []core.Stage {
	if s.writer.Shared == nil {
		return nil
	}
	return []core.Stage{coherence.Distributed(s.writer.Shared, s.local, s.reads.Stage)}
}

// withMemory puts observation and memory in front.
func (s *Stack) withMemory(load []core.Stage, origin core.Handler, read []core.Stage, end core.Handler) (p paths) {
	outer := append([]core.Stage{observe(s.events)}, s.plugins.Stages(core.Outer)...)
	chain := func(last core.Handler, stages ...[]core.Stage) core.Handler {
		var all []core.Stage
		for _, s := range stages {
			all = append(all, s...)
		}
		return core.Chain(last, all...)
	}
	memory := []core.Stage{coherence.Memory(s.local)}
	p.load = chain(origin, outer, memory, load)
	p.loadMissed = chain(origin, outer, load)
	p.read = chain(end, outer, memory, read)
	p.readMissed = chain(end, outer, read)
	return p
}

// nothing ends the path of a plain read: what is stale is an answer only for
// those who asked for it.
func (s *Stack) nothing(_ context.Context, r core.Request) (core.Result, error) {
	if r.Held == nil || !r.Options.AllowStale || r.Held.State(s.clock.Now()) == core.Dead {
		return core.Result{}, nil
	}
	return core.Result{Entry: r.Held, Level: core.LevelMemory, Stale: true}, nil
}

// observe tells listeners how a request ended.
func observe(events *core.Events) core.Stage {
	return func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			res, err := next(ctx, r)
			if events.Wants(core.Hit | core.StaleHit | core.Miss) {
				events.Emit(core.Event{Kind: outcome(res), Key: r.Key, Level: res.Level, Err: err})
			}
			return res, err
		}
	}
}

func outcome(res core.Result) core.Kind {
	switch {
	case res.Stale:
		return core.StaleHit
	case res.Entry == nil || res.Level == core.LevelFactory:
		return core.Miss
	}
	return core.Hit
}
