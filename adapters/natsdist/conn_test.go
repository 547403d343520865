// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

func TestConn_IsClosedWithTheLayerThatMadeIt(t *testing.T) {
	l, err := Open(t.Context(), "nats://127.0.0.1:1", "b", &Options{Lazy: true})
	if err != nil {
		t.Fatal(err)
	}
	conn := l.Conn()
	if conn == nil || conn.IsClosed() {
		t.Errorf("connection = %v, want one that is open to being used", conn)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if conn != nil && conn.Status() != nats.CLOSED {
		t.Errorf("status after the layer's Close = %v", conn.Status())
	}
}

func TestSeed_DC10_PausesBetweenReconnectionsGrowAndStayShort(t *testing.T) {
	attempts := 1
	for past := time.Duration(0); past < time.Minute; attempts++ {
		pause := rest(attempts)
		if pause < firstRest/2 || pause > longestRest {
			t.Errorf("pause %d is %v", attempts, pause)
		}
		past += pause
	}
	if attempts > 50 || attempts < 30 {
		t.Errorf("%d attempts in a minute, want 30 to 50", attempts)
	}
}

// Nodes that lost their server together do not come back in step.
func TestSeed_DC10_PausesOfTwoNodesDiffer(t *testing.T) {
	var runs [2][]time.Duration
	for i := range runs {
		for attempt := range 20 {
			runs[i] = append(runs[i], rest(attempt+1))
		}
	}
	if slices.Equal(runs[0], runs[1]) {
		t.Errorf("both made these pauses: %v", runs[0])
	}
}
