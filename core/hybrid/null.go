// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import "github.com/fusioncache-go/fusioncache/core"

// NewNull returns a stack that stores nothing: every read misses, and every
// GetOrSet calls its factory. It is for switching caching off where the code that
// uses the cache should not know of it. Simultaneous calls for a key still share
// one call of the factory, and timeouts and plugins work.
//
// o is that of [New], and what New refuses is refused, but Memory is not required.
// The layers, the backplane and the locker are left alone.
func NewNull(o Options) (*Stack, error) {
	if o.Memory == nil {
		o.Memory = nothing{}
	}
	if err := o.validate(); err != nil {
		return nil, &core.Error{Op: core.OpOpen, Err: err}
	}
	o.Memory, o.Distributed, o.Backplane, o.Locker = nothing{}, nil, nil, nil
	o.RequireDistributed, o.MessageKeys = false, nil
	o.Defaults.NodeLock, o.Defaults.Push = 0, false
	s, err := New(o)
	if err != nil {
		return nil, err
	}
	s.null = true
	return s, nil
}

// nothing is a memory layer that evicts at once.
type nothing struct{}

func (nothing) Get(string) (*core.Entry, bool) { return nil, false }
func (nothing) Set(string, *core.Entry) error  { return nil }
func (nothing) Delete(string)                  {}
