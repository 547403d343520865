// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package soak_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/traffic"
	"github.com/fusioncache-go/fusioncache/core/coherencetest"
)

// linkFaults are those of the network between one node and the server.
func linkFaults(node int, data, bus *netfault.Proxy) (list []traffic.Fault) {
	for name, proxies := range map[string][]*netfault.Proxy{
		"data": {data}, "bus": {bus}, "both": {data, bus},
	} {
		each := func(do ...func(p *netfault.Proxy)) func() {
			return func() {
				for _, p := range proxies {
					for _, f := range do {
						f(p)
					}
				}
			}
		}
		heal := each((*netfault.Proxy).Restore)
		name = fmt.Sprintf("node %d, %s", node, name)
		list = append(list,
			traffic.Fault{Name: name + ": cut", Begin: each((*netfault.Proxy).Cut)},
			traffic.Fault{Name: name + ": refused", Begin: each((*netfault.Proxy).Refuse, (*netfault.Proxy).Cut), End: heal},
			traffic.Fault{Name: name + ": hung", Begin: each((*netfault.Proxy).Hang), End: heal},
			traffic.Fault{Name: name + ": slow", Begin: each(func(p *netfault.Proxy) { p.Delay(200 * time.Millisecond) }), End: heal},
		)
	}
	slices.SortFunc(list, func(a, b traffic.Fault) int { return cmp.Compare(a.Name, b.Name) }) // a seed means the same each time
	return list
}

// processFaults are those of the node in a process of its own.
func (r *run) processFaults(ctx context.Context, c *child) []traffic.Fault {
	return []traffic.Fault{
		{Name: "node process: killed", Begin: func() {
			c.kill()
			r.Die(ctx, mortal)
		}, End: func() {
			if err := c.start(); err != nil {
				r.tb.Errorf("node process: %v", err)
			}
		}},
		{Name: "node process: stopped", Begin: func() {
			c.signal(syscall.SIGSTOP)
			r.Pause(mortal, r.Now(), coherencetest.Forever)
		}, End: func() {
			c.signal(syscall.SIGCONT)
			r.Resume(mortal, r.Now())
		}},
	}
}

// server is what the nodes meet at, and how it fails.
type server interface {
	addr() string
	faults(r *run) []traffic.Fault
}

func (t transport) start(tb testing.TB) server {
	tb.Helper()
	if t.isNATS() {
		s := natsServer{natstest.Start(tb, nil), nil}
		s.trunk = newProxy(tb, s.Addr())
		return s
	}
	return redisServer{redistest.Start(tb, nil)}
}

func newProxy(tb testing.TB, addr string) *netfault.Proxy {
	tb.Helper()
	p, err := netfault.New(addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = p.Close() })
	return p
}

type redisServer struct{ *redistest.Server }

func (s redisServer) addr() string { return s.Addr() }

func (s redisServer) faults(r *run) []traffic.Fault {
	command := func(args ...any) func() {
		return func() {
			if err := s.Client().Do(r.tb.Context(), args...).Err(); err != nil {
				r.tb.Errorf("%v: %v", args, err)
			}
		}
	}
	return []traffic.Fault{
		{Name: "server: killed", Begin: func() { s.Kill(r.tb); r.Lose(r.Now()) }, End: func() { s.Restart(r.tb) }},
		{Name: "server: stopped", Begin: func() { s.Stop(r.tb) }, End: func() { s.Resume(r.tb) }},
		{Name: "server: flushed", Begin: func() { command("flushall")(); r.Lose(r.Now()) }},
		{Name: "server: subscribers thrown out", Begin: command("client", "kill", "type", "pubsub")},
		{Name: "server: everybody thrown out", Begin: command("client", "kill", "type", "normal")},
	}
}

// natsServer cannot be stopped like a process, because it is none: a proxy in
// front of it hangs instead. Its bucket is in memory, so it forgets like Redis.
type natsServer struct {
	*natstest.Server
	trunk *netfault.Proxy
}

func (s natsServer) addr() string { return s.trunk.Addr() }

func (s natsServer) faults(r *run) []traffic.Fault {
	return []traffic.Fault{
		{Name: "server: shut down", Begin: func() { s.Shutdown(); r.Lose(r.Now()) }, End: s.Restart},
		{Name: "server: stopped", Begin: s.trunk.Hang, End: s.trunk.Restore},
		{Name: "server: purged", Begin: func() { s.purge(r.tb); r.Lose(r.Now()) }},
		{Name: "server: everybody thrown out", Begin: s.trunk.Cut},
	}
}

func (s natsServer) purge(tb testing.TB) {
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	js, err := jetstream.New(s.ConnectInProcess(tb))
	if err != nil {
		tb.Error(err)
		return
	}
	stream, err := js.Stream(ctx, "KV_"+bucketName)
	if err == nil {
		err = stream.Purge(ctx)
	}
	if err != nil && err != jetstream.ErrStreamNotFound {
		tb.Errorf("purge: %v", err)
	}
}
