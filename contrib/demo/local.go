// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"errors"
	"sync"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/adapters/locallock"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/chaos"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// localServer is an L2, its locks and a backplane within the process. Its faults are those of
// package chaos.
type localServer struct {
	store  *localdist.Store
	bus    *localbus.Bus
	locks  *locallock.Locker
	faults *chaos.Plan

	mu       sync.Mutex
	channels []*localbus.Channel
}

func newLocalServer() (server, error) {
	store, err1 := localdist.New(nil)
	bus, err2 := localbus.NewBus(nil)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return &localServer{store: store, bus: bus, locks: locallock.New(), faults: chaos.NewPlan(1)}, nil
}

func (s *localServer) connect(context.Context) (link, error) { return localLink{s}, nil }

func (s *localServer) stop(context.Context) error {
	s.each((*localbus.Channel).Disconnect)
	return s.faults.Use(chaos.Faults{Fail: 1})
}

func (s *localServer) start(context.Context) error {
	s.faults.Calm()
	s.each((*localbus.Channel).Reconnect)
	return nil
}

func (s *localServer) each(do func(*localbus.Channel)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.channels {
		do(c)
	}
}

func (s *localServer) close() error {
	return errors.Join(s.bus.Close(), s.store.Close(), s.locks.Close())
}

// localLink is a node's connection to a localServer.
type localLink struct{ server *localServer }

func (l localLink) distributed(context.Context, string) (core.DistributedLayer, error) {
	return chaos.Distributed(l.server.store, l.server.faults), nil
}

func (l localLink) backplane(name string) (core.Backplane, error) {
	channel := l.server.bus.Channel(hybrid.Channel(name))
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	l.server.channels = append(l.server.channels, channel)
	return channel, nil
}

func (l localLink) locker(string) (core.Locker, error) { return l.server.locks, nil }

func (l localLink) close() error { return nil }
