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
	checkAll(t, world{layer: store}, share(t, 70))
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

func TestLinear_RedisByScript(t *testing.T) {
	s := redistest.Start(t, nil)
	p := proxied(t, s.Addr())
	options, err := redisdist.ClientOptions("redis://"+p.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewUniversalClient(options)
	t.Cleanup(func() { _ = client.Close() })
	checkAll(t, world{layer: hybrid.Must(redisdist.New(client, nil)), cut: p.Cut}, share(t, 15))
}
