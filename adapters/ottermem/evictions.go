// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package ottermem

import (
	"sync"
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"github.com/fusioncache-go/fusioncache/core"
)

// evictions tells what was dropped to make room, if anybody listens. While nobody
// does, it costs an atomic read for each eviction and nothing for all else.
type evictions struct {
	listener atomic.Pointer[func(key string, e *core.Entry)]
	arriving sync.Map // of arrival: what otter turns away is put back at once
}

type arrival struct {
	key   string
	entry *core.Entry
}

// OnEvict implements [core.EvictionTeller]. tell is called on the goroutine whose
// write needs the room; in a layer of more than [DefaultMaxEntries] entries, and
// in one that weighs, sometimes on the one that notes reads.
func (m *Memory) OnEvict(tell func(key string, e *core.Entry)) {
	if tell == nil {
		m.evictions.listener.Store(nil)
		return
	}
	m.evictions.listener.Store(&tell)
}

func (v *evictions) tell(key string, e *core.Entry) {
	if tell := v.listener.Load(); tell != nil {
		(*tell)(key, e)
	}
}

// deleted is called by otter under a lock that a few keys share.
func (v *evictions) deleted(d otter.DeletionEvent[string, *core.Entry]) {
	if !d.WasEvicted() || v.listener.Load() == nil {
		return
	}
	if _, ok := v.arriving.Load(arrival{d.Key, d.Value}); !ok {
		v.tell(d.Key, d.Value)
	}
}

// admit has nothing told of e, which is being set, until done is called.
func (v *evictions) admit(key string, e *core.Entry) (done func()) {
	if v.listener.Load() == nil {
		return func() {}
	}
	a := arrival{key, e}
	v.arriving.Store(a, nil)
	return func() { v.arriving.Delete(a) }
}
