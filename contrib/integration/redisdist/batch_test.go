// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
)

func TestGetMany_AKeyOfAnotherTypeFailsAlone(t *testing.T) {
	server := redistest.Start(t, nil)
	l := open(t, server.URL(), nil)
	mustSet(t, l, "good", "v")
	if err := server.Client().RPush(t.Context(), "list", "x").Err(); err != nil {
		t.Fatal(err)
	}
	out, err := l.GetMany(within(t, patience), []string{"good", "list", "absent"})
	if err != nil || string(out[0].Data) != "v" || out[1].Err == nil || out[1].OK || out[2].OK || out[2].Err != nil {
		t.Errorf("got %+v, %v", out, err)
	}
	if out[1].Err != nil && !strings.Contains(out[1].Err.Error(), `"list"`) {
		t.Errorf("%v does not name the key", out[1].Err)
	}
}

// writes are forced writes of many keys.
func writes(n int, body string) (ws []core.KeyWrite) {
	for i := range n {
		ws = append(ws, core.KeyWrite{Key: fmt.Sprint("k", i), Write: forced(body)})
	}
	return ws
}

func wantStored(t *testing.T, out []core.Ruled, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
	for i, r := range out {
		if r.Err != nil || !r.Stored {
			t.Errorf("write %d: %+v", i, r)
		}
	}
}

// A server that does not know the script is sent its source once.
func TestArbitrateMany_TeachesTheScriptOnce(t *testing.T) {
	server := redistest.Start(t, nil)
	l := open(t, server.URL(), nil)
	for range 2 {
		out, err := l.ArbitrateMany(within(t, patience), writes(50, "v"))
		wantStored(t, out, err)
		if stats := server.CommandStats(t); stats["eval"] != 1 {
			t.Errorf("the source was sent %d times", stats["eval"])
		}
	}
	if err := server.Client().ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	out, err := l.ArbitrateMany(within(t, patience), writes(50, "w"))
	wantStored(t, out, err)
}

func TestBatch_FollowsASlotThatHasMoved(t *testing.T) {
	cluster := redistest.StartCluster(t)
	l := open(t, cluster.URL(), nil)
	if out, err := l.GetMany(within(t, patience), []string{"a", "b", "c"}); err != nil || out[0].Err != nil {
		t.Fatalf("got %+v, %v", out, err)
	}
	from := cluster.Owner(t, "k0")
	to := cluster.Owner(t, "k1")
	for i := 2; to == from; i++ {
		to = cluster.Owner(t, fmt.Sprint("k", i))
	}
	cluster.Move(t, "k0", from, to)
	out, err := l.ArbitrateMany(within(t, patience), writes(20, "v"))
	wantStored(t, out, err)
	var keys []string
	for i := range 20 {
		keys = append(keys, fmt.Sprint("k", i))
	}
	got, err := l.GetMany(within(t, patience), keys)
	for i, g := range got {
		if err != nil || g.Err != nil || !strings.HasSuffix(string(g.Data), "v") {
			t.Errorf("%s: %q, %v, %v", keys[i], g.Data, g.Err, err)
		}
	}
}
