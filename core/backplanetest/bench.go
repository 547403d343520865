// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest

import (
	"context"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

// Bench measures the backplane in the same way for every implementation: the way
// of a message of 64 bytes from one node to another, one at a time, and
// publishing where nobody listens. Only New of h is used.
func Bench(b *testing.B, h Harness) {
	b.Run("Deliver/64B", func(b *testing.B) {
		channel := h.New(b)
		arrived, leave := listen(b, channel.Node())
		defer leave()
		from, msg := channel.Node(), []byte(noise(64))
		b.ReportAllocs()
		for b.Loop() {
			if err := from.Publish(b.Context(), msg); err != nil {
				b.Fatal(err)
			}
			<-arrived
		}
	})
	b.Run("Publish/64B", func(b *testing.B) {
		from, msg := h.New(b).Node(), []byte(noise(64))
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := from.Publish(b.Context(), msg); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

// listen subscribes at node, waits for Joined, and signals every message.
func listen(b *testing.B, node core.Backplane) (arrived chan struct{}, leave func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	s := &signals{joined: make(chan struct{}, 1), arrived: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() { ended <- node.Subscribe(ctx, s) }()
	select {
	case <-s.joined:
	case err := <-ended:
		cancel()
		b.Fatalf("Subscribe returned early: %v", err)
	}
	return s.arrived, func() {
		cancel()
		<-ended
	}
}

// signals is a subscriber that passes on that something came, not what.
type signals struct{ joined, arrived chan struct{} }

func (s *signals) Joined(bool)    { signal(s.joined) }
func (s *signals) Message([]byte) { signal(s.arrived) }
func (s *signals) Changed(string) {}

func signal(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}
