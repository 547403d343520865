// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// Compression is a way to compress values. Its methods are safe for concurrent
// use and keep no slice.
type Compression interface {
	// ID tells this way from others in what is stored. It never changes.
	ID() byte

	// Compress appends the compressed src to dst.
	Compress(dst, src []byte) ([]byte, error)

	// Decompress appends the n bytes that src was made of to dst. It fails rather
	// than make more than n.
	Decompress(dst, src []byte, n int) ([]byte, error)
}

// CompressOptions are the options of [Compress]. Nil and the zero value are the
// defaults.
type CompressOptions struct {
	// How is the way to compress. Nil: [Deflate].
	How Compression

	// MinSize is the size, in bytes, below which a value is stored as it is. Zero:
	// 1024.
	MinSize int

	// MaxSize is the largest size, in bytes, that a stored value may have when it is
	// decompressed. A larger one is stored as it is. Zero: 8 MiB.
	MaxSize int
}

// Compress returns a layer that compresses the values of d, if that makes them
// smaller. Ordering headers stay as they are. Values that were stored without it
// can be read; a node without it takes what it has stored for that of a newer
// version: a miss that is left alone.
//
// A stored value that claims to be larger than MaxSize, or than a thousand times
// its compressed size, is not decompressed: a miss. None is stored so: what would be
// like that is stored as it is.
func Compress(d core.DistributedLayer, opts *CompressOptions) (core.DistributedLayer, error) {
	var o CompressOptions
	if opts != nil {
		o = *opts
	}
	if o.MinSize < 0 || o.MaxSize < 0 {
		return nil, &core.OptionError{Option: "CompressOptions", Err: errors.New("sizes must not be negative")}
	}
	if o.How == nil {
		o.How = Deflate()
	}
	return transform(d, compressor{o.How, cmp.Or(o.MinSize, 1024), cmp.Or(o.MaxSize, 8<<20)}), nil
}

// Stored is the body as it is, or the mark and what follows it: the ID of the
// compression, the length of the body as a uvarint, the compressed body. A body
// that begins with the mark itself is stored behind it with the ID plain.
const (
	compressed = 'z'
	plain      = 0
	maxRatio   = 1000
)

type compressor struct {
	how              Compression
	minSize, maxSize int
}

func (c compressor) seal(dst []byte, _ string, body []byte) ([]byte, error) {
	if len(body) >= c.minSize && len(body) <= c.maxSize {
		ahead := binary.AppendUvarint(append(dst, compressed, c.how.ID()), uint64(len(body)))
		out, err := c.how.Compress(ahead, body)
		if err != nil {
			return nil, err
		}
		if len(out)-len(dst) < len(body) && len(body) <= maxRatio*(len(out)-len(ahead)) {
			return out, nil
		}
	}
	if len(body) > 0 && body[0] == compressed {
		dst = append(dst, compressed, plain)
	}
	return append(dst, body...), nil
}

func (compressor) conceals() bool { return false }

var errCompressed = errors.New("not compressed as expected")

func (c compressor) open(dst []byte, _ string, sealed []byte) ([]byte, error) {
	switch {
	case len(sealed) == 0 || sealed[0] != compressed:
		return append(dst, sealed...), nil
	case len(sealed) < 2:
		return nil, errCompressed
	case sealed[1] == plain:
		return append(dst, sealed[2:]...), nil
	case sealed[1] != c.how.ID():
		return nil, fmt.Errorf("%w: compression %d", errCompressed, sealed[1])
	}
	n, used := binary.Uvarint(sealed[2:])
	if used <= 0 {
		return nil, errCompressed
	}
	src := sealed[2+used:]
	if n > uint64(c.maxSize) || n > maxRatio*uint64(len(src)) {
		return nil, fmt.Errorf("%w: %d bytes of %d", core.ErrTooLarge, n, len(src))
	}
	out, err := c.how.Decompress(dst, src, int(n))
	if err == nil && len(out)-len(dst) != int(n) {
		err = errCompressed
	}
	return out, err
}

// Deflate returns the compression of compress/flate, at its fastest. Others, such
// as zstd or s2, are a type of a few lines.
func Deflate() Compression {
	return &deflate{
		writers: sync.Pool{New: func() any { w, _ := flate.NewWriter(nil, flate.BestSpeed); return w }},
		readers: sync.Pool{New: func() any { return flate.NewReader(nil) }},
	}
}

type deflate struct{ writers, readers sync.Pool }

func (*deflate) ID() byte { return 1 }

func (d *deflate) Compress(dst, src []byte) ([]byte, error) {
	out := bytes.NewBuffer(dst)
	w := d.writers.Get().(*flate.Writer)
	defer d.writers.Put(w)
	w.Reset(out)
	_, err := w.Write(src)
	err = errors.Join(err, w.Close()) // writes the rest
	return out.Bytes(), err
}

func (d *deflate) Decompress(dst, src []byte, n int) ([]byte, error) {
	r := d.readers.Get().(io.ReadCloser)
	defer d.readers.Put(r)
	if err := r.(flate.Resetter).Reset(bytes.NewReader(src), nil); err != nil {
		return nil, err
	}
	out := append(dst, make([]byte, n)...)
	if _, err := io.ReadFull(r, out[len(dst):]); err != nil {
		return nil, err
	}
	if more, _ := io.CopyN(io.Discard, r, 1); more > 0 {
		return nil, errCompressed
	}
	return out, nil
}
