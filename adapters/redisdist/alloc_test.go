// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !race

package redisdist_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/core"
)

// What the layer allocates for a command, beside what go-redis does for it.
func TestLayer_AllocatesLittle(t *testing.T) {
	reply := "stored  1:2 " + string(core.AppendHeader(nil, core.Header{Version: core.Version{Time: 1, Node: 1, Op: 1}}))
	l := newLayer(t, func(_ context.Context, cmd redis.Cmder) error {
		answer := "value"
		if cmd.Name() == "evalsha" {
			answer = reply
		}
		redisdist.Inside(cmd).(*redis.StringCmd).SetVal(answer)
		return nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	w := forced("value")
	for _, c := range []struct {
		what string
		most float64
		call func() error
	}{
		{"Get", 2, func() error { _, _, err := l.Get(ctx, "k"); return err }},
		{"Arbitrate", 2, func() error { _, err := l.Arbitrate(ctx, "k", w); return err }},
	} {
		if n := testing.AllocsPerRun(100, func() {
			if err := c.call(); err != nil {
				t.Fatal(err)
			}
		}); n > c.most {
			t.Errorf("%s allocates %v times, at most %v", c.what, n, c.most)
		} else {
			t.Logf("%s: %v", c.what, n)
		}
	}
}
