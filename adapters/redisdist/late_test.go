// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
)

// clockwork is a server whose clock does not show our time.
type clockwork struct {
	ahead  time.Duration
	header string
	limits []any // until when writes were to be carried out
	late   int   // writes that were not
}

func (s *clockwork) serve(_ context.Context, cmd redis.Cmder) error {
	args := cmd.Args()
	limit := ""
	if end, limited := args[len(args)-1].(*int64); limited {
		limit = strconv.FormatInt(*end, 10)
	}
	s.limits = append(s.limits, limit)
	moment := time.Now().Add(s.ahead)
	now := micros(moment)
	said := fmt.Sprintf("%d:%d", moment.Unix(), moment.Nanosecond()/1000)
	reply := "stored  " + said + " " + s.header
	if limit != "" && (len(now) > len(limit) || len(now) == len(limit) && now > limit) {
		reply = "late  " + said + " "
		s.late++
	}
	redisdist.Inside(cmd).(*redis.StringCmd).SetVal(reply)
	return nil
}

func TestArbitrate_SaysUntilWhenByTheClockOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := forced("")
		s := &clockwork{ahead: time.Hour, header: header(w)}
		l := newLayer(t, s.serve)
		arbitrate := func(limit time.Duration) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			if r, err := l.Arbitrate(ctx, "k", w); err != nil || !r.Stored {
				t.Errorf("%+v, %v", r, err)
			}
		}
		arbitrate(time.Second)
		time.Sleep(time.Minute)
		want := micros(time.Now().Add(time.Hour + 20*time.Millisecond))
		arbitrate(20 * time.Millisecond)
		if len(s.limits) != 2 || s.limits[0] != "" || s.limits[1] != want {
			t.Errorf("limits %q, want none and %s", s.limits, want)
		}
		s.ahead = 2 * time.Hour // the clock is set
		arbitrate(time.Second)
		if len(s.limits) != 4 {
			t.Errorf("%d attempts, want one more", len(s.limits)-2)
		}
	})
}

func micros(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }
