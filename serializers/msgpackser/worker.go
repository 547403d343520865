// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/vmihailenco/msgpack/v5"
)

// maxRetained is the largest buffer, in bytes, that is kept for the next value.
const maxRetained = 64 << 10

// worker is what one call needs besides its arguments. Workers are pooled; one
// that has seen an error is not used again, because the vendor's coders keep
// state that Reset does not clear.
type worker struct {
	enc     *msgpack.Encoder
	dec     *msgpack.Decoder
	out     sink
	in      bytes.Reader
	scan    scanner
	scratch []byte // Marshal's output, or a copy of the input with wide timestamps

	last reflect.Type // the type of the last value
	root *shape       // its shape
}

// shapeOf returns the shape of what v points to. Most workers see one type again
// and again.
func (w *worker) shapeOf(s *Serializer, v any) (*shape, error) {
	t := reflect.TypeOf(v)
	if t == w.last && t != nil {
		return w.root, nil
	}
	root, err := s.shapeOf(t)
	if err == nil {
		w.last, w.root = t, root
	}
	return root, err
}

func (s *Serializer) worker() *worker {
	if w, ok := s.workers.Get().(*worker); ok {
		return w
	}
	w := &worker{enc: msgpack.NewEncoder(nil), dec: msgpack.NewDecoder(nil)}
	w.scan.init(s.opts.MaxDepth)
	w.out.scan = &w.scan
	return w
}

// release returns w to the pool after a success with an encoded value of size
// bytes. The buffers inside the vendor's coders are not much larger than that.
func (s *Serializer) release(w *worker, size int) {
	if size > maxRetained || cap(w.scratch) > maxRetained || cap(w.scan.stamps) > maxRetained/8 {
		return
	}
	w.out.data, w.scan.data = nil, nil
	w.in.Reset(nil)
	s.workers.Put(w)
}

func (s *Serializer) encode(w *worker, dst []byte, v any) ([]byte, error) {
	root, err := w.shapeOf(s, v)
	if err == nil {
		w.out.reset(dst, s.opts.MaxSize)
		err = s.vendorEncode(w, v)
	}
	if err == nil {
		err = w.scan.run(w.out.data[len(dst):], root, s.opts.MaxAmplification)
	}
	if err != nil {
		return nil, fmt.Errorf("msgpackser: marshal %T: %w", v, err)
	}
	return w.out.data, nil
}

func (s *Serializer) vendorEncode(w *worker, v any) (err error) {
	defer recoverTo(&err)
	w.enc.Reset(&w.out)
	w.enc.SetSortMapKeys(s.opts.SortMapKeys)
	w.enc.SetCustomStructTag(s.structTag())
	w.enc.UseCompactInts(s.opts.CompactInts)
	return fromVendor(w.enc.Encode(v))
}

func (s *Serializer) decode(w *worker, data []byte, v any) error {
	root, err := w.shapeOf(s, v)
	if err == nil {
		err = s.check(w, data, root)
	}
	if err == nil {
		if len(w.scan.stamps) > 0 {
			w.scratch = widen(w.scratch[:0], data, w.scan.stamps)
			data = w.scratch
		}
		err = s.vendorDecode(w, data, v)
	}
	if err != nil {
		return fmt.Errorf("msgpackser: unmarshal %T: %w", v, err)
	}
	return nil
}

func (s *Serializer) check(w *worker, data []byte, root *shape) error {
	if len(data) > s.opts.MaxSize {
		return fmt.Errorf("%w: %d bytes, more than %d", ErrLimit, len(data), s.opts.MaxSize)
	}
	return w.scan.run(data, root, s.opts.MaxAmplification)
}

func (s *Serializer) vendorDecode(w *worker, data []byte, v any) (err error) {
	defer recoverTo(&err)
	if reflect.ValueOf(v).IsNil() {
		return errors.New("the pointer is nil")
	}
	w.in.Reset(data)
	w.dec.Reset(&w.in)
	w.dec.SetCustomStructTag(s.structTag())
	if err := w.dec.Decode(v); err != nil {
		return fromVendor(err)
	}
	if w.in.Len() != 0 {
		return fmt.Errorf("%w: a method of the type left %d bytes unread", ErrMalformed, w.in.Len())
	}
	return nil
}
