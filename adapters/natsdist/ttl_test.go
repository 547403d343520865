// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestTTLHeader_RoundsUpToSeconds(t *testing.T) {
	tests := []struct {
		ttl  time.Duration
		want string
	}{
		{1, "1"},
		{300 * time.Millisecond, "1"},
		{time.Second, "1"},
		{time.Second + 1, "2"},
		{1999 * time.Millisecond, "2"},
		{time.Minute, "60"},
		{40 * 24 * time.Hour, "3456000"},
		{longest, "3153600000"},
		{longest + 1, ""},
		{core.Forever - 1, ""},
		{core.Forever, ""},
		{0, "1"},
		{-time.Hour, "1"},
	}
	for _, tt := range tests {
		if got := ttlHeader(tt.ttl); got != tt.want {
			t.Errorf("ttlHeader(%v) = %q, want %q", tt.ttl, got, tt.want)
		}
	}
}

func TestLongest_DoesNotOverflowTheServersClock(t *testing.T) {
	end := time.Now().UnixNano() + int64(longest)
	if end < 0 {
		t.Error("the end of the longest life overflows 64 bits of nanoseconds")
	}
}
