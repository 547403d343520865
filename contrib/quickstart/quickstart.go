// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package quickstart

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

// Memory returns a stack with a memory layer only. Wrong options are errors,
// each named as a *core.OptionError. opts may be nil.
func Memory(opts *Options) (*hybrid.Stack, error) {
	o := orDefaults(opts)
	if err := o.check(memoryOnly); err != nil {
		return nil, fmt.Errorf("quickstart: memory: %w", err)
	}
	stack, err := assemble(o, connection{})
	if err != nil {
		return nil, fmt.Errorf("quickstart: memory: %w", err)
	}
	return stack, nil
}

func orDefaults(o *Options) *Options {
	if o == nil {
		return &Options{}
	}
	return o
}

// connection is what comes from one connection to a server. Its zero value is
// none.
type connection struct {
	name        string
	distributed core.DistributedLayer
	backplane   core.Backplane
	close       func() error
}

// assemble makes the other parts and puts the stack together. It closes the
// connection if that fails.
func assemble(o *Options, c connection) (_ *hybrid.Stack, err error) {
	if c.close != nil {
		c.close = sync.OnceValue(c.close) // a stack that fails late has closed its plugins
		defer func() {
			if err != nil {
				err = errors.Join(err, c.close())
			}
		}()
	}
	memory, err := o.memory()
	if err != nil {
		return nil, err
	}
	serializer, err := msgpackser.New(nil)
	if err != nil {
		return nil, err
	}
	plugins, err := o.plugins(c)
	if err != nil {
		return nil, err
	}
	return hybrid.New(hybrid.Options{
		Name:               c.name,
		Memory:             memory,
		Distributed:        c.distributed,
		Backplane:          c.backplane,
		Serializer:         serializer,
		Plugins:            plugins,
		Defaults:           o.Defaults,
		RequireDistributed: o.RequireDistributed,
	})
}

// plugins returns the user's plugins, behind those that a connection needs.
func (o *Options) plugins(c connection) ([]core.Plugin, error) {
	if c.distributed == nil {
		return o.Plugins, nil
	}
	circuits, err := breaker.New(&o.Breaker)
	if err != nil {
		return nil, err
	}
	return append([]core.Plugin{owner{c.close}, circuits}, o.Plugins...), nil
}

// owner is the plugin that closes a connection. As the first of all plugins it
// is the last that closes, when nothing uses the connection any more.
type owner struct{ close func() error }

// Name implements core.Plugin.
func (owner) Name() string { return "quickstart" }

// Install implements core.Plugin.
func (o owner) Install(h *core.Host) error {
	h.OnClose(func(context.Context) error { return o.close() })
	return nil
}
