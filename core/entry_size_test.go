// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"testing"
	"unsafe"
)

// What most entries of a single node take beside their value. A million of them with
// values of 64 bytes are to take no more than 250 bytes each in otter.
func TestEntry_TakesLittleRoom(t *testing.T) {
	if size := unsafe.Sizeof(box[string]{}); size > 64 {
		t.Errorf("%d bytes for the entry of a string, want 64", size)
	}
}
