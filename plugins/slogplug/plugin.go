// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package slogplug

import (
	"errors"
	"log/slog"

	"github.com/fusioncache-go/fusioncache/core"
)

// Plugin writes events to a logger. It can be installed in several stacks, whose
// limits are apart. It is safe for concurrent use.
type Plugin struct {
	handler slog.Handler
	opts    Options
	levels  [len(rows)]slog.Level
	keys    keyNames
}

var _ core.Plugin = (*Plugin)(nil)

// New returns a plugin that writes to logger. A nil opts means all defaults. The
// error names everything that is wrong.
func New(logger *slog.Logger, opts *Options) (*Plugin, error) {
	o, err := opts.withDefaults()
	if logger == nil {
		err = errors.Join(errors.New("slogplug: logger is nil"), err)
	}
	if err != nil {
		return nil, err
	}
	p := &Plugin{handler: logger.Handler(), opts: o, keys: newKeyNames(o)}
	for i, row := range rows {
		p.levels[i] = row.level
		if level, ok := o.Levels[row.kind]; ok {
			p.levels[i] = level
		}
	}
	return p, nil
}

// Name returns "slog".
func (p *Plugin) Name() string { return "slog" }

// Install listens for the kinds of events that are not [Off].
func (p *Plugin) Install(h *core.Host) error {
	s := newSink(p, h)
	h.OnEvent(p.mask(), s.event)
	h.OnClose(s.close)
	return nil
}

func (p *Plugin) mask() core.Kind {
	var mask core.Kind
	for i, level := range p.levels {
		if level != Off {
			mask |= rows[i].kind
		}
	}
	return mask
}
