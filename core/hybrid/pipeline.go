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
	refresh          core.Handler // inside of its flight
}

// stage is one row of the pipeline.
type stage struct {
	name string
	on   path
	core.Stage
}

// path is a set of paths that a stage is on.
type path uint8

const (
	loading path = 1 << iota // with a factory
	reading                  // without
	missed                   // after the view has looked into memory
	ahead                    // of a refresh in the background, inside of its flight
)

// pipeline is the one place that lists the stages in order, outermost first.
// docs/pipeline.md gives the reason for each place, order_test.go the proof.
func (s *Stack) pipeline() []stage {
	const always = loading | reading | missed
	rows := []stage{{"observe", always, observe(s.clock, s.events)}}
	for _, added := range s.plugins.Stages(core.Outer) {
		rows = append(rows, stage{"outer", always, added})
	}
	rows = append(rows,
		stage{"memory", loading | reading, coherence.Memory(s.local)},
		stage{"eager", loading | missed, s.eager.Stage},
	)
	if s.writer.Shared != nil {
		rows = append(rows, stage{"distributed", always, coherence.Distributed(s.writer.Shared, s.local, s.reads.Stage, s.loads.Peek)})
	}
	rows = append(rows,
		stage{"fail-safe", loading | missed, resilience.FailSafe(s.clock, s.local, s.events)},
		stage{"recheck", loading | missed, coherence.Recheck(s.local)},
		stage{"timeout", loading | missed, resilience.Timeout(s.clock, s.events)},
		stage{"back-off", loading | missed, s.backoff.Stage},
		stage{"stampede", loading | missed, s.loads.Stage},
		stage{"second look", loading | missed, coherence.SecondLook(s.writer.Shared, s.local)},
	)
	if s.nodeLock != nil {
		rows = append(rows, stage{"node lock", loading | missed | ahead, s.nodeLock.Stage})
	}
	rows = append(rows,
		stage{"commit", loading | missed | ahead, coherence.Commit(s.writer)},
	)
	for _, added := range s.plugins.Stages(core.AroundLoad) {
		rows = append(rows, stage{"around load", loading | missed | ahead, added})
	}
	return append(rows, stage{"deadline", loading | missed | ahead, resilience.Deadline()})
}

// compose makes the paths of the rows of a pipeline.
func (s *Stack) compose(rows []stage) paths {
	chain := func(p path, last core.Handler) core.Handler {
		var on []core.Stage
		for _, r := range rows {
			if r.on&p == p {
				on = append(on, r.Stage)
			}
		}
		return core.Chain(last, on...)
	}
	origin := resilience.Origin(s.clock, s.events)
	refresh := chain(ahead, origin)
	if s.writer.Shared != nil {
		refresh = coherence.Ahead(s.writer.Shared, s.local)(refresh)
	}
	return paths{
		refresh:    refresh,
		load:       chain(loading, origin),
		loadMissed: chain(loading|missed, origin),
		read:       chain(reading, s.nothing),
		readMissed: chain(reading|missed, s.nothing),
	}
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
func observe(clock core.Clock, events *core.Events) core.Stage {
	return func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			res, err := next(ctx, r)
			if events.Wants(core.Hit | core.StaleHit | core.Miss) {
				ev := core.Event{Kind: outcome(res), Key: r.Key, Level: res.Level, Err: err}
				if res.Stale && res.Entry.Born() > 0 { // the default of fail-safe was never made
					ev.Age = clock.Now().Sub(res.Entry.Born())
				}
				events.Emit(ev)
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
