// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest_test

import (
	"bytes"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/core"
)

func concurrentMutants() []mutant {
	return []mutant{
		{"VisibleAtOnce", "the last write is the writer's only", delayWrites},
		{"Concurrent", "readers disturb each other", confuseReaders},
	}
}

// delayWrites holds back the last Set until somebody writes or its goroutine
// reads.
func delayWrites(r *rig) {
	r.breaks = func(f *fake) {
		var mu sync.Mutex
		var writer string
		var pending hit
		get, set, del, clr, length := f.get, f.set, f.del, f.clear, f.length
		flush := func() {
			if pending.entry != nil {
				_ = set(pending.key, pending.entry) // cannot be too large
			}
			pending = hit{}
		}
		locked := func(do func()) {
			mu.Lock()
			defer mu.Unlock()
			do()
		}
		f.set = func(key string, e *core.Entry) (err error) {
			locked(func() {
				if flush(); len(e.Payload()) > maxPayload {
					err = set(key, e)
					return
				}
				writer, pending = goroutine(), hit{key, e}
			})
			return err
		}
		f.del = func(key string) { locked(func() { flush(); del(key) }) }
		f.clear = func() { locked(func() { flush(); clr() }) }
		f.length = func() int { locked(flush); return length() }
		f.get = func(key string) (e *core.Entry, ok bool) {
			locked(func() {
				if writer == goroutine() {
					flush()
				}
				e, ok = get(key)
			})
			return e, ok
		}
	}
}

// goroutine returns the name of the calling goroutine.
func goroutine() string {
	buf := make([]byte, 64)
	name, _, _ := bytes.Cut(buf[:runtime.Stack(buf, false)], []byte(" ["))
	return string(name)
}

// confuseReaders answers two reads at once with what was set last.
func confuseReaders(r *rig) {
	r.breaks = func(f *fake) {
		var reading atomic.Int32
		var last atomic.Pointer[core.Entry]
		get, set := f.get, f.set
		f.set = func(key string, e *core.Entry) error {
			last.Store(e)
			return set(key, e)
		}
		f.get = func(key string) (*core.Entry, bool) {
			reading.Add(1)
			defer reading.Add(-1)
			runtime.Gosched()
			if reading.Load() > 1 {
				return last.Load(), true
			}
			return get(key)
		}
	}
}
