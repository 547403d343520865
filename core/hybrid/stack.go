// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/internal/abilities"
	"github.com/fusioncache-go/fusioncache/core/internal/chance"
	"github.com/fusioncache-go/fusioncache/core/resilience"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// Stack is a cache assembled from parts, without a type: views, made with [Of],
// give it one. Safe for concurrent use. Close it when it is not used any more.
type Stack struct {
	name     string
	defaults core.EntryOptions // as given; WithDefaults not yet applied
	memory   core.MemoryLayer
	parts    core.Serializer
	clock    *core.Monotonic
	events   *core.Events
	local    *coherence.Local
	writer   *coherence.Writer
	paths    paths
	readMany func(context.Context, []core.Request) func(i int) (core.Result, error) // nil without a distributed layer
	loads    *resilience.Stampede
	reads    *resilience.Stampede
	backoff  *resilience.Backoff
	eager    *resilience.Eager
	nodeLock *resilience.NodeLock // nil without a locker
	pushes   bool                 // values can go along with messages
	conceals bool                 // the distributed layer shows its server no values
	null     bool                 // it stores nothing
	plugins  *core.Installed
	health   health
	scratch  sync.Pool // *buffers

	receiver   *coherence.Receiver // nil without a backplane
	background background
	closed     atomic.Bool
	ended      chan struct{} // closed after closeErr is set
	closeErr   error
}

// buffers are what a hit needs for a moment.
type buffers struct {
	key    []byte
	data   []byte
	peeked core.Peeked
}

// New assembles a stack and starts listening to the backplane. Servers that are
// down do not make it fail, unless RequireDistributed is set. It fails, with all
// reasons joined, on options that are wrong (*core.OptionError) and on a plugin
// that cannot be installed.
func New(o Options) (*Stack, error) {
	if err := o.validate(); err != nil {
		return nil, &core.Error{Op: core.OpOpen, Err: err}
	}
	s, err := assemble(o)
	if err == nil && o.RequireDistributed {
		err = s.requireDistributed()
	}
	if err != nil {
		return nil, &core.Error{Op: core.OpOpen, Err: errors.Join(err, s.undo())}
	}
	s.tellEvictions()
	s.advise("", &s.defaults, new(core.EntryOptions))
	s.adviseLocker(&o)
	s.run()
	return s, nil
}

// assemble connects the parts; it starts nothing. Of a plugin that fails the
// others are installed.
func assemble(o Options) (*Stack, error) {
	s := &Stack{name: o.Name, defaults: o.Defaults, memory: o.Memory, parts: o.Serializer, ended: make(chan struct{})}
	s.clock = core.NewMonotonic(o.Wall)
	s.events = core.NewEvents(o.Name)
	s.scratch.New = func() any { return new(buffers) }
	plugins, err := core.Install(o.Name, s.events, o.Plugins)
	s.plugins = plugins
	if err == nil {
		err = s.wrapMemory()
	}
	if err != nil {
		return s, err
	}
	abandoned := o.MaxAbandoned
	if abandoned == 0 {
		abandoned = 1024
	}
	source := chance.Of(o.Plugins)
	clock := chance.Clock(s.clock, source)
	s.loads = resilience.NewStampede(clock, s.events, resilience.Limits{Running: o.MaxFactories, Waiting: o.FactoryQueue, Abandoned: abandoned})
	s.reads = resilience.NewStampede(clock, nil, resilience.Limits{})
	s.backoff = resilience.NewBackoff(s.clock)
	s.loads.OnSuccess(s.backoff.Revoke)
	s.local = coherence.NewLocal(s.memory, s.clock, s.events, s.loads, s.reads, s.backoff)

	s.eager = resilience.NewEager(s.loads, s.local, s.clock, s.events, o.refreshes())

	node := coherence.NewNodeID()
	if source != nil {
		source.Identify(node[:])
	}
	versions := coherence.NewVersions(node, s.clock.Wall, o.Shared.MaxSkew)
	s.writer = &coherence.Writer{
		Local:    s.local,
		Order:    coherence.NewOrder(o.Background),
		Versions: versions,
		Clock:    s.clock,
		Events:   s.events,
	}
	if o.Distributed != nil {
		s.health.distributed = s.wrapDistributed(o.Distributed)
		s.conceals = abilities.Conceals(s.health.distributed)
		s.writer.Shared = coherence.NewShared(s.health.distributed, prefixes(o.Name), s.clock, versions, o.Shared, s.events)
	}
	s.writer.Marks = coherence.NewMarks(s.writer.Shared, s.clock, 0)
	s.local.Watch(s.writer.Marks)
	if o.Locker != nil && s.writer.Shared != nil {
		again := coherence.Reread(s.writer.Shared, s.local)
		s.nodeLock = resilience.NewNodeLock(o.Locker, lockPrefix(o.Name), again, s.clock, s.events)
	}
	if o.Backplane != nil {
		s.health.backplane = s.wrapBackplane(o.Backplane)
		s.writer.Notifier = coherence.NewNotifier(s.health.backplane, node, s.events)
		seal, err := wire.NewSeal(o.Name, o.MessageKeys...)
		if err != nil {
			return s, err
		}
		s.writer.Notifier.Authenticate(seal)
		s.receiver = coherence.NewReceiver(s.local, versions, s.writer.Notifier, o.Pulse, s.events)
		if o.Distributed != nil {
			s.receiver.Heed(prefixes(o.Name))
			s.receiver.Accept(s.writer.Shared)
			s.pushes = seal != nil
		}
	}
	if s.writer.Shared != nil || s.writer.Notifier != nil {
		if o.Recovery.Timeout == 0 { // a server that may take long may do so here, too
			o.Recovery.Timeout = max(core.DefaultDistributedTimeout, o.Defaults.DistributedTimeout)
		}
		s.writer.Recovery = coherence.NewRecovery(o.Recovery, s.clock, s.events)
		s.local.Honour(s.writer.Recovery, o.Shared.MaxSkew)
	}
	chance.Inspect(source, s.local, s.writer.Recovery)
	s.paths = s.compose(s.pipeline())
	s.eager.Through(s.paths.refresh)
	s.readMany = s.manyReader()
	return s, plugins.Err()
}

// Name returns the name of the stack.
func (s *Stack) Name() string { return s.name }

// Defaults returns the entry options that views start from, complete.
func (s *Stack) Defaults() core.EntryOptions { return s.defaults.WithDefaults() }

// Events returns where listeners can be added.
func (s *Stack) Events() *core.Events { return s.events }

// Close ends the stack: operations give core.ErrClosed from now on; factories
// that callers wait for, and background writes, are finished, but not begun from the
// queue; then the subscription ends and plugins are closed. It returns when all that
// has happened, or when ctx has ended, with an error that says what was left. It closes
// none of the parts it was given.
//
// Further calls wait for the first, or until their own ctx has ended, and return
// the same. A factory or a listener that closes its own stack waits for itself
// until ctx ends.
func (s *Stack) Close(ctx context.Context) error {
	if !s.closed.Swap(true) {
		defer close(s.ended)
		s.closeErr = s.shutDown(ctx)
		return s.closeErr
	}
	select {
	case <-s.ended:
		return s.closeErr
	default:
	}
	select {
	case <-s.ended:
		return s.closeErr
	case <-ctx.Done():
		return &core.Error{Op: core.OpClose, Err: context.Cause(ctx)}
	}
}

func (s *Stack) shutDown(ctx context.Context) error {
	errs := []error{s.loads.Close(ctx), s.reads.Close(ctx), s.writer.Order.Close(ctx)}
	if s.nodeLock != nil {
		errs = append(errs, s.nodeLock.Close(ctx))
	}
	if s.writer.Recovery != nil {
		errs = append(errs, s.writer.Flush(ctx))
	}
	s.goodbye(ctx)
	s.tellNoEvictions()
	err := errors.Join(append(errs, s.background.stop(ctx), s.plugins.Close(ctx))...)
	if err != nil {
		return &core.Error{Op: core.OpClose, Err: err}
	}
	return nil
}
