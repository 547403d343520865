// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

const (
	workers = 8
	rounds  = 40
)

// checkConcurrent lets workers read and write a few shared keys, and each one
// key of its own that nobody else touches, and delete keys all the while.
func checkConcurrent(p *probe) error {
	for i := range workers {
		if err := p.set(p.sharedKey(i), stamped(p.sharedKey(i), 0, 0), keyLife); err != nil {
			return err
		}
	}
	errs := make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			errs[w] = lawtest.Guard(func() error { return p.work(w) })
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (p *probe) sharedKey(i int) string { return p.key(fmt.Sprint("shared", i%workers)) }

func (p *probe) work(w int) error {
	own := p.key(fmt.Sprint("own", w))
	for r := range rounds {
		shared := p.sharedKey(w + r)
		if err := p.set(shared, stamped(shared, w, r), keyLife); err != nil {
			return err
		}
		if err := p.setAndRead(own, stamped(own, w, r)); err != nil {
			return err
		}
		read := p.sharedKey(w*3 + r)
		data, ok, err := p.get(read)
		if err != nil {
			return err
		}
		if !ok || !isStamped(read, data) {
			return fmt.Errorf("get %s = %s, %v, which nobody wrote", short(read), excerpt(data), ok)
		}
		brief := p.key(fmt.Sprint("brief", w, " ", r))
		if err := errors.Join(p.set(brief, []byte("x"), keyLife), p.delete(brief)); err != nil {
			return err
		}
	}
	return nil
}

const repeats = 20

// stamped returns a value that names its key, writer and round, long enough to
// be torn.
func stamped(key string, w, r int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "%s %03d %03d;", key, w, r), repeats)
}

// isStamped reports whether data is a whole value of key.
func isStamped(key string, data []byte) bool {
	unit := data[:len(data)/repeats]
	return len(data) == len(stamped(key, 0, 0)) &&
		bytes.HasPrefix(unit, []byte(key+" ")) &&
		bytes.Equal(data, bytes.Repeat(unit, repeats))
}
