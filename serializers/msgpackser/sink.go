// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"errors"
	"fmt"
)

// firstLook is the size in bytes at which a value that is still being encoded is
// looked at for the first time.
const firstLook = 32 << 10

// sink is what the encoder writes to: the end of a caller's slice. A value that
// contains itself would be encoded without end, on an ever larger stack. Its
// nesting shows in the bytes, so the sink looks at them whenever their number
// has doubled.
type sink struct {
	data  []byte
	start int // length of the caller's slice
	next  int // length of data at which to look
	max   int // length that data must not exceed
	scan  *scanner
}

func (s *sink) reset(dst []byte, maxSize int) {
	s.data, s.start, s.max = dst, len(dst), len(dst)+maxSize
	s.next = min(s.start+firstLook, s.max+1)
}

// Write appends p. It implements io.Writer for the vendor's encoder.
func (s *sink) Write(p []byte) (int, error) {
	s.data = append(s.data, p...)
	if len(s.data) < s.next {
		return len(p), nil
	}
	return len(p), s.look()
}

// WriteByte appends c. It implements io.ByteWriter for the vendor's encoder.
func (s *sink) WriteByte(c byte) error {
	s.data = append(s.data, c)
	if len(s.data) < s.next {
		return nil
	}
	return s.look()
}

func (s *sink) look() error {
	if len(s.data) > s.max {
		return fmt.Errorf("%w: more than %d bytes", ErrLimit, s.max-s.start)
	}
	s.next = min(s.start+2*(len(s.data)-s.start), s.max+1)
	err := s.scan.runPart(s.data[s.start:])
	if errors.Is(err, ErrLimit) {
		return err
	}
	return nil
}
