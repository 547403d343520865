// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsstream_test

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/backplanes/natsstream"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
)

func TestStream_ThatWasReplacedIsReported(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, js jetstream.JetStream){
		"deleted": func(t *testing.T, js jetstream.JetStream) {
			if err := js.DeleteStream(t.Context(), "cache_sync"); err != nil {
				t.Error(err)
			}
		},
		"purged": func(t *testing.T, js jetstream.JetStream) {
			stream, err := js.Stream(t.Context(), "cache_sync")
			if err == nil {
				err = newBus(t, js.Conn(), nil).Publish(t.Context(), []byte("purged"))
			}
			if err == nil {
				err = stream.Purge(t.Context())
			}
			if err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := natstest.Start(t, nil)
			bus, proxy := behind(t, s, nil)
			sub := join(t, bus)
			conn := s.Connect(t, connOptions()...)
			publisher := newBus(t, conn, nil)
			wantDelivery(t, publisher, sub, "before")
			proxy.Refuse()
			proxy.Cut()
			change(t, jetStream(t, conn))
			proxy.Restore()
			sub.wantJoins(t, false, false)
			wantDelivery(t, publisher, sub, "after")
		})
	}
}

func TestStream_DeletedUnderAReaderIsReported(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	conn := s.Connect(t, connOptions()...)
	bus := newBus(t, conn, nil)
	sub := join(t, bus)
	wantDelivery(t, bus, sub, "before")
	if err := jetStream(t, conn).DeleteStream(t.Context(), "cache_sync"); err != nil {
		t.Fatal(err)
	}
	sub.wantJoins(t, false, false)
	wantDelivery(t, bus, sub, "after")
}

func TestStream_ThatIsUnsuitableIsRefused(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	conn := s.Connect(t, connOptions()...)
	js := jetStream(t, conn)
	for name, config := range map[string]jetstream.StreamConfig{
		"more subjects": {Subjects: []string{subject, "other"}},
		"other subject": {Subjects: []string{"other"}},
		"refuses":       {Subjects: []string{subject}, Discard: jetstream.DiscardNew, MaxMsgs: 10},
		"a queue":       {Subjects: []string{subject}, Retention: jetstream.WorkQueuePolicy},
	} {
		config.Name, config.Storage = "cache_sync", jetstream.MemoryStorage
		if _, err := js.CreateStream(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		err := newBus(t, conn, nil).Subscribe(within(t, patience), &subscription{})
		if !errors.Is(err, natsstream.ErrStream) {
			t.Errorf("%s: Subscribe: %v, want %v", name, err, natsstream.ErrStream)
		}
		if err := js.DeleteStream(t.Context(), config.Name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "another", Subjects: []string{subject}}); err != nil {
		t.Fatal(err)
	}
	if err := newBus(t, conn, nil).Publish(within(t, patience), nil); !errors.Is(err, natsstream.ErrStream) {
		t.Errorf("Publish: %v, want %v", err, natsstream.ErrStream)
	}
}

func TestStream_ThatExistsIsUsedAsItIs(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	conn := s.Connect(t, connOptions()...)
	first := newBus(t, conn, &natsstream.Options{MaxMessages: 50, Files: true})
	join(t, first)
	second := newBus(t, conn, nil)
	wantDelivery(t, first, join(t, second), "m")
	stream, err := jetStream(t, conn).Stream(t.Context(), "cache_sync")
	if err != nil || stream.CachedInfo().Config.MaxMsgs != 50 {
		t.Errorf("the stream keeps %d messages, %v; want 50", stream.CachedInfo().Config.MaxMsgs, err)
	}
}
