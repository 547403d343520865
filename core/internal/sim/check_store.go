// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import "github.com/fusioncache-go/fusioncache/core"

// checkStored looks at what is about to be put into the store in the place of
// current.
func (r *recorder) checkStored(key string, current, data []byte) {
	k, entry := keyAt(key)
	h, err := core.ParseHeader(data)
	if !entry || err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checkIdentity(k, h, data)
	r.checkOrder(k, h, current)
}

// I8, versions are unique: no two payloads are ever stored under one header.
func (r *recorder) checkIdentity(key int, h core.Header, data []byte) {
	v, ok := valueIn(data)
	if !ok {
		return
	}
	r.Stored(v, r.world.now())
	if before, known := r.payloads[h]; known && before != v {
		r.violated("I8 unique versions", key, nil, "header %v stands for v%d and v%d", h, before.Version, v.Version)
	}
	r.payloads[h] = v
}

// I9, order of the store: what replaces something has a higher version.
func (r *recorder) checkOrder(key int, h core.Header, current []byte) {
	if before, err := core.ParseHeader(current); err == nil && h.Compare(before.Version) <= 0 {
		r.violated("I9 order", key, nil, "%v stored over %v", h, before)
	}
}

// valueIn returns the value in a frame.
func valueIn(data []byte) (value, bool) {
	n := len(data) - 4
	if n < valueSize+core.HeaderSize {
		return value{}, false
	}
	return decodeValue(data[n-valueSize : n])
}
