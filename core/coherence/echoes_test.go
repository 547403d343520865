// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// However many losses there are, what was read after one is read again for it, at the
// latest when the layer has caught up with another that came within its lag.
func TestEchoes_EachLossIsMadeGood(t *testing.T) {
	const lag = 5 * time.Second
	at := func(seconds float64) core.Instant { return core.Instant(seconds * float64(time.Second)) }
	for _, test := range []struct {
		losses    []float64
		read, now float64
		want      bool
	}{
		{nil, 0, 100, false},
		{[]float64{10}, 11, 14.9, false},
		{[]float64{10}, 11, 15, true},
		{[]float64{10}, 15, 15, false},
		{[]float64{10}, 15, 100, false},
		{[]float64{10, 13}, 14, 15, true},
		{[]float64{10, 13}, 15, 17.9, false},
		{[]float64{10, 13}, 15, 18, true},
		{[]float64{10, 11, 14}, 14, 15, true},
		{[]float64{10, 11, 14}, 15, 18.9, false}, // that of 11 waits for that of 14
		{[]float64{10, 11, 14}, 15, 19, true},
		{[]float64{10, 11, 14, 15.5}, 15.6, 18.9, false},
		{[]float64{10, 11, 14, 15.5}, 15.6, 19, true},
		{[]float64{10, 100}, 101, 104, false},
		{[]float64{10, 100}, 101, 105, true},
	} {
		e := *noEchoes()
		for _, loss := range test.losses {
			e = e.after(at(loss), lag)
		}
		if got := e.due(at(test.read), at(test.now)); got != test.want {
			t.Errorf("losses at %v: read at %v, due by %v: %v", test.losses, test.read, test.now, got)
		}
	}
}
