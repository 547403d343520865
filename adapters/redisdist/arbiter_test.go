// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/core"
)

// forced is an explicit write of body.
func forced(body string) core.Write {
	h := core.Header{Version: core.Version{Time: 1, Node: 1, Op: 1}, Kind: core.ValueWrite}
	return core.Write{Mode: core.Force, TTL: time.Minute, Data: append(core.AppendHeader(nil, h), body...)}
}

func header(w core.Write) string { return string(w.Data[:core.HeaderSize]) }

func TestArbitrate_ReadsTheReplyOfTheScript(t *testing.T) {
	w := forced("body")
	h, _ := core.ParseHeader(w.Data)
	tests := []struct {
		reply string
		want  core.Ruling
		ok    bool
	}{
		{"stored  1:2 " + header(w), core.Ruling{Stored: true, Header: h}, true},
		{"refused   " + header(w), core.Ruling{Header: h}, true},
		{"refused  1:2 ", core.Ruling{}, true},
		{"foreign  1:2 ", core.Ruling{Foreign: true}, true},
		{"stored told 1:2 " + header(w), core.Ruling{Stored: true, Told: true, Header: h}, true},
		{"stored asked 1:2 " + header(w), core.Ruling{}, false},
		{"perhaps  1:2 ", core.Ruling{}, false},
		{"stored  1:2 H1", core.Ruling{}, false},
		{"late  1:2 ", core.Ruling{}, false},
		{"stored  " + header(w), core.Ruling{}, false},
		{"stored", core.Ruling{}, false},
		{"", core.Ruling{}, false},
	}
	for _, tt := range tests {
		l := newLayer(t, func(_ context.Context, cmd redis.Cmder) error {
			redisdist.Inside(cmd).(*redis.StringCmd).SetVal(tt.reply)
			return nil
		})
		if got, err := l.Arbitrate(t.Context(), "k", w); got != tt.want || (err == nil) != tt.ok {
			t.Errorf("%q: %+v, %v, want %+v", tt.reply, got, err, tt.want)
		}
	}
}

func TestArbitrate_RefusesWhatCannotBeStored(t *testing.T) {
	l := newLayer(t, func(_ context.Context, cmd redis.Cmder) error { t.Errorf("sent %v", cmd.Args()); return nil })
	dead, headless := forced(""), forced("")
	dead.TTL = 0
	headless.Data = []byte("value")
	if r, err := l.Arbitrate(t.Context(), "k", dead); err == nil {
		t.Errorf("%+v", r)
	}
	if r, err := l.Arbitrate(t.Context(), "k", headless); err != nil || r != (core.Ruling{Foreign: true}) {
		t.Errorf("%+v, %v", r, err)
	}
}

// scriptless is a server without scripts, with one key.
type scriptless struct {
	refusal string // of scripts
	place   string
	sent    []string
	before  func(s *scriptless) // called before EXEC
	changed bool                // the key, since it was watched
}

func (s *scriptless) serve(_ context.Context, cmd redis.Cmder) error {
	s.sent = append(s.sent, cmd.Name())
	switch cmd.Name() {
	case "evalsha", "eval":
		return replyError(s.refusal)
	case "watch":
		s.changed = false
	case "getrange":
		redisdist.Inside(cmd).(*redis.StringCmd).SetVal(s.place[:min(len(s.place), core.HeaderSize)])
	case "multi":
		if s.before != nil {
			s.before(s)
		}
		if s.changed {
			return redis.TxFailedErr
		}
	case "set":
		s.holds(string(cmd.Args()[2].([]byte)))
	}
	return nil
}

func (s *scriptless) holds(value string) { s.place, s.changed = value, true }

func TestArbitrate_WatchesWhereScriptsAreForbidden(t *testing.T) {
	for _, refusal := range []string{
		"NOPERM this user has no permissions to run the 'evalsha' command or its subcommand",
		"NOPERM User app has no permissions to run the 'evalsha' command",
		"ERR unknown command 'evalsha', with args beginning with: 'x' ",
		"ERR unknown command `EVALSHA`, with args beginning with: `x`, ",
	} {
		s := &scriptless{refusal: refusal}
		l := newLayer(t, s.serve)
		for i := range 3 {
			r, err := l.Arbitrate(t.Context(), "k", forced("body"))
			if err != nil || !r.Stored || r.Header.Bump != uint32(i) {
				t.Errorf("%s: %+v, %v", refusal, r, err)
			}
		}
		once := []string{"watch", "getrange", "multi", "set", "exec"}
		if want := slices.Concat([]string{"evalsha"}, once, once, once); !slices.Equal(s.sent, want) {
			t.Errorf("%s: sent %q, want %q", refusal, s.sent, want)
		}
	}
}

func TestArbitrate_OtherRefusalsAreErrors(t *testing.T) {
	for _, refusal := range []string{
		"NOPERM No permissions to access a key",
		"NOPERM this user has no permissions to access one of the keys used as arguments",
		"ERR The user executing the script can't run this command or subcommand script: 1",
		"ERR Unknown Redis command called from script script: 1",
		"OOM command not allowed when used memory > 'maxmemory'.",
		"READONLY You can't write against a read only replica.",
	} {
		s := &scriptless{refusal: refusal}
		if r, err := newLayer(t, s.serve).Arbitrate(t.Context(), "k", forced("")); err == nil || !slices.Equal(s.sent, []string{"evalsha"}) {
			t.Errorf("%s: %+v, %v after %q", refusal, r, err, s.sent)
		}
	}
}

func noScripts() *scriptless { return &scriptless{refusal: "ERR unknown command 'evalsha'"} }

func TestArbitrate_WatchedRefusalWritesNothing(t *testing.T) {
	s := noScripts()
	s.place = string(forced("there").Data)
	fill := forced("late")
	fill.Mode = core.Fill
	r, err := newLayer(t, s.serve).Arbitrate(t.Context(), "k", fill)
	if err != nil || r.Stored || r.Header.Op != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if want := []string{"evalsha", "watch", "getrange", "unwatch"}; !slices.Equal(s.sent, want) {
		t.Errorf("sent %q, want %q", s.sent, want)
	}
}

// crowded has another write come between each time.
func crowded() *scriptless {
	s := noScripts()
	s.before = func(s *scriptless) { s.holds(string(forced("another").Data)) }
	return s
}

func count(sent []string, name string) (n int) {
	for _, s := range sent {
		if s == name {
			n++
		}
	}
	return n
}

// A write that was set without a condition might have a version below that of
// one that came between, and be taken for the older one.
func TestArbitrate_WatchedGivesUpInTheEnd(t *testing.T) {
	for _, mode := range []core.Mode{core.Force, core.Replay} {
		synctest.Test(t, func(t *testing.T) {
			s := crowded()
			w := forced("mine")
			w.Mode = mode
			copy(w.Data, core.AppendHeader(nil, core.Header{Version: core.Version{Time: 9, Node: 9, Op: 9}, Kind: core.ValueWrite}))
			start := time.Now()
			if r, err := newLayer(t, s.serve).Arbitrate(t.Context(), "k", w); err == nil || r != (core.Ruling{}) || count(s.sent, "set") != 0 {
				t.Errorf("mode %d: %+v, %v after %q", mode, r, err, s.sent)
			}
			if n, took := count(s.sent, "watch"), time.Since(start); n != 64 || took > 2*time.Second {
				t.Errorf("mode %d: %d attempts in %v", mode, n, took)
			}
		})
	}
}

func TestArbitrate_WatchedForceWinsWhenItIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := crowded()
		another := s.before
		s.before = func(s *scriptless) {
			if count(s.sent, "watch") < 40 {
				another(s)
			}
		}
		r, err := newLayer(t, s.serve).Arbitrate(t.Context(), "k", forced("mine"))
		if err != nil || !r.Stored || !strings.HasSuffix(s.place, "mine") || count(s.sent, "watch") != 40 {
			t.Errorf("%+v, %v after %d attempts, the place holds %q", r, err, count(s.sent, "watch"), s.place)
		}
	})
}

func TestArbitrate_WatchedPausesWithinItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := crowded()
		ctx, cancel := context.WithCancel(t.Context())
		another := s.before
		s.before = func(s *scriptless) {
			if another(s); count(s.sent, "watch") == 5 {
				cancel()
			}
		}
		start := time.Now()
		_, err := newLayer(t, s.serve).Arbitrate(ctx, "k", forced("mine"))
		if !errors.Is(err, context.Canceled) || count(s.sent, "watch") != 5 || time.Since(start) > 15*time.Millisecond {
			t.Errorf("%v after %d attempts and %v", err, count(s.sent, "watch"), time.Since(start))
		}
	})
}

func TestReadHeader_AsksForTheHeaderOnly(t *testing.T) {
	for place, want := range map[string]bool{"": false, "x": true, string(forced("body").Data): true} {
		s := &scriptless{place: place}
		got, ok, err := newLayer(t, s.serve).ReadHeader(t.Context(), "k")
		if err != nil || ok != want || string(got) != place[:min(len(place), core.HeaderSize)] || !slices.Equal(s.sent, []string{"getrange"}) {
			t.Errorf("%q: %q, %v, %v after %q", place, got, ok, err, s.sent)
		}
	}
}
