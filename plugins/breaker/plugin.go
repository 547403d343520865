// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker

import (
	"errors"
	"fmt"
	"sync"

	"github.com/sony/gobreaker/v2"

	"github.com/fusioncache-go/fusioncache/core"
)

// ErrOpen is returned, alone or wrapped, instead of a call to a layer whose
// breaker is open, or half-open with its probe under way. It also matches
// gobreaker.ErrOpenState.
var ErrOpen = fmt.Errorf("%w", gobreaker.ErrOpenState)

// errProbing refuses a call for the sake of the one that is trying.
var errProbing = fmt.Errorf("%w: a probe is under way", ErrOpen)

var errInstalled = errors.New("already installed; make one for each stack")

// Plugin is the circuit breaker plugin of one stack. It is safe for concurrent
// use, starts no goroutine and needs no closing.
type Plugin struct {
	opts Options

	mu          sync.Mutex
	installed   bool
	distributed *circuit
	backplane   *circuit
}

var _ core.Plugin = (*Plugin)(nil)

// New returns a plugin for one stack. A nil opts means all defaults. The error
// names every option that is wrong.
func New(opts *Options) (*Plugin, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Plugin{opts: o}, nil
}

// Name returns "breaker".
func (p *Plugin) Name() string { return "breaker" }

// Install wraps the layers of the stack. A second call is an error.
func (p *Plugin) Install(h *core.Host) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.installed {
		return errInstalled
	}
	p.installed = true
	if o := p.opts.Distributed; !o.Disabled {
		p.distributed = newCircuit(core.LevelDistributed, o, h.Emit)
		h.WrapDistributed(p.distributed.wrapDistributed)
	}
	if o := p.opts.Backplane; !o.Disabled {
		p.backplane = newCircuit(core.LevelBackplane, o, h.Emit)
		h.WrapBackplane(p.backplane.wrapBackplane)
	}
	return nil
}

// State returns the state of the breaker of a level, and None where there is
// none. An open breaker stays Open until somebody calls: time alone changes
// nothing.
func (p *Plugin) State(level core.Level) State {
	p.mu.Lock()
	distributed, backplane := p.distributed, p.backplane
	p.mu.Unlock()
	switch {
	case level == core.LevelDistributed && distributed != nil:
		return distributed.current()
	case level == core.LevelBackplane && backplane != nil:
		return backplane.current()
	}
	return None
}
