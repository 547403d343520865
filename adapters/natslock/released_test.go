// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natslock

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Who waits looks again when there was more news than it could take: a release may have
// been among it.
func TestReleased_LooksAgainWhenNewsWasMissed(t *testing.T) {
	for missed, want := range map[bool]time.Duration{true: 0, false: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			try := nats.NewMsg("lock")
			try.Header.Set(jetstream.ExpectedLastSubjSeqHeader, "0")
			news := make(chan *nats.Msg, 1)
			news <- try
			s, began := state{held: true, revision: 7, life: time.Minute}, time.Now()
			freed, err := s.released(t.Context(), news, func() bool { return missed })
			if took := time.Since(began); freed || err != nil || took != want || s.over == missed {
				t.Errorf("missed %v: freed %v, %v, after %v, over %v", missed, freed, err, took, s.over)
			}
		})
	}
}
