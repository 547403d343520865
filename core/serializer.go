// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

// Serializer turns values into bytes and back. It has the shape of
// encoding/json and never sees the cache's own metadata: the entry frame of
// package wire carries that.
//
// Both methods are called by many goroutines at once. Neither may panic on
// hostile bytes, nor allocate memory out of proportion to them: whoever can
// write to the distributed layer chooses what Unmarshal reads.
type Serializer interface {
	// Marshal encodes v, which is a pointer to the value. The result belongs to
	// the caller: the serializer must not keep or reuse it.
	Marshal(v any) ([]byte, error)

	// Unmarshal decodes data into v, a non-nil pointer to a zero value. The
	// decoded value must not alias data, which the caller reuses. Bytes that
	// are not a complete, well-formed value must give an error.
	Unmarshal(data []byte, v any) error
}

// AppendMarshaler is the ability of a [Serializer] to encode into a buffer of
// the caller's, so that a write needs no buffer of its own.
type AppendMarshaler interface {
	// AppendMarshal appends the encoding of v, a pointer to the value, to dst
	// and returns the extended slice. On an error the content of dst behind its
	// old length is undefined.
	AppendMarshal(dst []byte, v any) ([]byte, error)
}
