// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

func checkCopiesIn(p *probe) error {
	list, err := p.encoded()
	if err != nil {
		return err
	}
	for _, e := range list {
		data, got := bytes.Clone(e.data), e.target()
		if err := p.serializer.Unmarshal(data, got); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		if !bytes.Equal(data, e.data) {
			return fmt.Errorf("%s: Unmarshal changed the bytes", e.name)
		}
		scribble(data)
		if !same(got, e.control) {
			return fmt.Errorf("%s: the decoded value changed with the bytes", e.name)
		}
	}
	return nil
}

func checkCopiesOut(p *probe) error {
	for _, s := range p.samples() {
		v := s.value()
		data, err := p.serializer.Marshal(v)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		scribble(data)
		if !s.equal(v) {
			return fmt.Errorf("%s: the value changed with the bytes", s.name)
		}
	}
	mutable := []byte("bytes that change")
	data, err := p.serializer.Marshal(&mutable)
	if err != nil {
		return err
	}
	want := bytes.Clone(data)
	scribble(mutable)
	if !bytes.Equal(data, want) {
		return errors.New("the bytes changed with the value")
	}
	return nil
}

func checkNotReused(p *probe) error {
	first, err := p.encoded()
	if err != nil {
		return err
	}
	var want [][]byte
	for _, e := range first {
		want = append(want, bytes.Clone(e.data))
	}
	if _, err := p.encoded(); err != nil {
		return err
	}
	for i, e := range first {
		if !bytes.Equal(e.data, want[i]) {
			return fmt.Errorf("%s: the bytes changed after Marshal had returned", e.name)
		}
	}
	for _, e := range first {
		scribble(e.data[:cap(e.data)])
	}
	for i, e := range first {
		if err := p.matches(e, want[i]); err != nil {
			return err
		}
		if err := p.again(e); err != nil {
			return fmt.Errorf("after earlier bytes were overwritten: %w", err)
		}
	}
	return nil
}

const (
	concurrency = 4
	rounds      = 10
)

// checkConcurrent gives every goroutine values that the others do not have.
func checkConcurrent(p *probe) error {
	list, err := p.encoded()
	if err != nil {
		return err
	}
	errs := make([]error, concurrency)
	var done sync.WaitGroup
	for id := range concurrency {
		own, err := p.encode(is("text of one goroutine", fmt.Sprintf("%d%s", id, bytes.Repeat([]byte{byte('a' + id)}, 100*(id+1)))))
		if err != nil {
			return err
		}
		done.Go(func() {
			errs[id] = lawtest.Guard(func() error { return p.rounds(id, append(slices.Clone(list), own)) })
		})
	}
	done.Wait()
	return errors.Join(errs...)
}

func (p *probe) rounds(id int, list []coded) error {
	for range rounds {
		for i := range list {
			if err := p.again(list[(i+id)%len(list)]); err != nil {
				return fmt.Errorf("goroutine %d: %w", id, err)
			}
		}
	}
	return nil
}

func checkAppend(p *probe) error {
	if p.appender == nil {
		return errNoAppender
	}
	list, err := p.encoded()
	if err != nil {
		return err
	}
	prefixes := [][]byte{nil, {}, []byte("prefix"), bytes.Repeat([]byte("long "), 1000)}
	for _, c := range list {
		for _, prefix := range prefixes {
			for _, spare := range []int{0, 1, 100_000} {
				if err := p.appends(c, append(make([]byte, 0, len(prefix)+spare), prefix...)); err != nil {
					return fmt.Errorf("%s behind %d bytes with room for %d: %w", c.name, len(prefix), spare, err)
				}
			}
		}
	}
	return nil
}

func (p *probe) appends(c coded, dst []byte) error {
	prefix := bytes.Clone(dst)
	got, err := p.appender.AppendMarshal(dst, c.value())
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(got, prefix) {
		return errors.New("what was in the slice has changed")
	}
	return p.matches(c, got[len(prefix):])
}

func checkAppendInPlace(p *probe) error {
	if p.appender == nil {
		return errNoAppender
	}
	for _, s := range p.samples() {
		dst := make([]byte, 1, 200_000)
		got, err := p.appender.AppendMarshal(dst, s.value())
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if len(got) > 0 && len(got) < cap(dst) && &got[0] != &dst[0] {
			return fmt.Errorf("%s: %d bytes did not go into the slice, which had room for %d", s.name, len(got)-1, cap(dst)-1)
		}
	}
	return nil
}

// errNoAppender leaves it to the law Abilities to find this.
var errNoAppender = fmt.Errorf("%w: no core.AppendMarshaler", ErrNotApplicable)
