// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import "github.com/fusioncache-go/fusioncache/core"

// byteMemory is a memory whose entries are bytes.
type byteMemory struct{ *memory }

var _ core.ByteMemory = byteMemory{}

// Get implements core.MemoryLayer.
func (m byteMemory) Get(key string) (*core.Entry, bool) {
	data, ok := m.AppendEntry(nil, key)
	if !ok {
		return nil, false
	}
	meta, payload, err := core.ParseEntry(data)
	if err != nil {
		return nil, false
	}
	return core.Encoded(payload, meta), true
}

// AppendEntry implements core.ByteMemory.
func (m byteMemory) AppendEntry(dst []byte, key string) ([]byte, bool) {
	e, ok := m.memory.Get(key)
	if !ok {
		return dst, false
	}
	return e.AppendBinary(dst), true
}
