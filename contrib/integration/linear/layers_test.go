// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package linear_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestLinear_InProcess(t *testing.T) {
	store := hybrid.Must(localdist.New(nil))
	checkAll(t, world{layer: store}, share(t, 72))
}

// proxied returns a way to addr that can be cut.
func proxied(tb testing.TB, addr string) *netfault.Proxy {
	tb.Helper()
	p, err := netfault.New(addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = p.Close() })
	return p
}

// openRedis returns a layer on a server, as a user of it, whose connections can be cut.
func openRedis(tb testing.TB, s *redistest.Server, user string) world {
	tb.Helper()
	p := proxied(tb, s.Addr())
	options, err := redisdist.ClientOptions("redis://"+user+p.Addr(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	client := redis.NewUniversalClient(options)
	tb.Cleanup(func() { _ = client.Close() })
	return world{layer: hybrid.Must(redisdist.New(client, nil)), cut: p.Cut}
}

func TestLinear_RedisByScript(t *testing.T) {
	s := redistest.Start(t, nil)
	checkAll(t, openRedis(t, s, ""), share(t, 12))
	if scripts := s.CommandStats(t)["evalsha"]; scripts == 0 {
		t.Error("no script ran")
	}
}

// The server forbids scripts, so the layer watches keys.
func TestLinear_RedisByTransaction(t *testing.T) {
	s := redistest.Start(t, &redistest.Options{Users: []string{"app on >secret ~* +@all -@scripting"}})
	checkAll(t, openRedis(t, s, "app:secret@"), share(t, 5))
	if stats := s.CommandStats(t); stats["exec"] == 0 {
		t.Errorf("no transaction ran: %v", stats)
	}
}
