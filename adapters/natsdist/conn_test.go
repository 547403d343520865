// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"testing"

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
