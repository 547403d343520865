// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"context"
	"crypto/sha1" // what EVALSHA names scripts by
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/core"
)

var _ core.Arbiter = (*Layer)(nil)

// script decides as core.Write.Decide does, at the server.
//
//go:embed arbitrate.lua
var script string

// The script and its name, as arguments.
var scriptText, scriptSHA any = script, scriptName(script)

func scriptName(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Arbitrate runs one Lua script on one key, so it works in a cluster. It takes
// one round trip, two when the server does not know the script yet.
//
// A write that reaches the server after the deadline of ctx, or after the client has
// given it up, is not carried out, however late it arrives; the first write of a
// layer, which does not know the server's clock yet, has no such limit, and where the
// user must not run TIME none has. The first one to a further master of a cluster has
// the limit by the clock of another.
//
// Where the user must not run EVAL and EVALSHA, or the server has neither, the
// layer notices it by the first refusal and from then on decides with WATCH, MULTI
// and EXEC: alike, in three round trips, and in three more for each time that
// another write comes between. After 64 such times the write fails.
func (l *Layer) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if ruling, done, err := precheck(key, w); done {
		return ruling, err
	}
	ruling, err := l.arbitrate(ctx, key, w)
	return l.ruled(ctx, key, ruling, err)
}

// ruled returns the outcome of an arbitration. What is not even a string is
// foreign like a string without a header.
func (l *Layer) ruled(ctx context.Context, key string, ruling core.Ruling, err error) (core.Ruling, error) {
	switch {
	case err == nil:
		return ruling, nil
	case isOtherType(err):
		return core.Ruling{Foreign: true}, nil
	}
	return core.Ruling{}, l.failure(ctx, "arbitrate", key, err)
}

// precheck deals with writes that are none.
func precheck(key string, w core.Write) (ruling core.Ruling, done bool, err error) {
	if w.TTL <= 0 {
		return ruling, true, fmt.Errorf("redisdist: arbitrate %q: ttl %v is not positive", key, w.TTL)
	}
	_, err = core.ParseHeader(w.Data)
	return core.Ruling{Foreign: err != nil}, err != nil, nil
}

func (l *Layer) arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if !l.scriptless.Load() {
		ruling, err := l.scripted(ctx, key, w)
		if !scriptsForbidden(err) {
			return ruling, err
		}
		l.scriptless.Store(true)
	}
	return l.watched(ctx, key, w)
}

func (l *Layer) scripted(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	ruling, err := l.runScript(ctx, key, w, byName)
	if err == nil {
		return ruling, nil
	}
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		ruling, err = l.runScript(ctx, key, w, bySource)
	}
	if errors.Is(err, errLate) {
		return l.runScript(ctx, key, w, byName) // if there is still time, the server's clock was set
	}
	return ruling, err
}

func (l *Layer) runScript(ctx context.Context, key string, w core.Write, how calling) (core.Ruling, error) {
	cmd := new(scriptCmd)
	l.script(ctx, cmd, key, w, how)
	if err := l.send(ctx, cmd); err != nil {
		return core.Ruling{}, err
	}
	return cmd.ruling()
}

// calling is a way to call the script.
type calling bool

const (
	byName   calling = false // short, but the server may not know it
	bySource calling = true
)

// scriptCmd is a call of the script that go-redis must not repeat, see [once], in one
// piece with its arguments: those that are pointers point into it.
type scriptCmd struct {
	redis.StringCmd
	args  [14]any
	clock *serverClock // of the server that it is for

	header, body, expect, message binary
	channel                       string
	ttl, tombstone, latest        int64
}

// binary is an argument that can be pointed to. A hook of the client that prints
// arguments prints no value.
type binary []byte

// MarshalBinary implements encoding.BinaryMarshaler.
func (b *binary) MarshalBinary() ([]byte, error) { return *b, nil }

// String tells of the length only.
func (b *binary) String() string { return fmt.Sprintf("(%d bytes)", len(*b)) }

// NoRetry overrides what the client is set to.
func (*scriptCmd) NoRetry() bool { return true }

// script makes cmd the call that decides on w.
func (l *Layer) script(ctx context.Context, cmd *scriptCmd, key string, w core.Write, how calling) {
	var command, name any = "evalsha", scriptSHA
	if how == bySource {
		command, name = "eval", scriptText
	}
	cmd.header, cmd.body, cmd.expect = w.Data[:core.HeaderSize], w.Data[core.HeaderSize:], w.Expect
	cmd.channel, cmd.message = l.outlet(w.Notice)
	var skew, latest any = "", ""
	if w.Mode == core.Replay {
		skew = w.Skew.Milliseconds()
	}
	cmd.clock = l.clocks.of(l.masterOf(ctx, key))
	if end, limited := l.latest(ctx, cmd.clock); limited {
		cmd.latest = end
		latest = &cmd.latest
	}
	cmd.args = [14]any{
		command, name, 1, key,
		mode(w.Mode), &cmd.header, &cmd.body, lifetime(&cmd.ttl, w.TTL), &cmd.expect,
		skew, lifetime(&cmd.tombstone, w.TombstoneTTL), &cmd.channel, &cmd.message, latest,
	}
	cmd.StringCmd = *redis.NewStringCmd(ctx, cmd.args[:]...)
}

// outlet returns the channel that a notice is for, empty if there is none or it is
// not one of this client's.
func (l *Layer) outlet(n *core.Notice) (channel string, message []byte) {
	if n == nil || n.Outlet.Server != any(l.client) {
		return "", nil
	}
	return n.Outlet.Channel, n.Message
}

// ReadHeader asks for the first bytes of the value only.
func (l *Layer) ReadHeader(ctx context.Context, key string) (header []byte, ok bool, err error) {
	cmd := headerOf(ctx, key)
	if err := l.send(ctx, cmd); err != nil {
		cmd.SetErr(err) // it may not have been sent
	}
	got := l.header(ctx, key, cmd)
	return got.Data, got.OK, got.Err
}

// header is what a command of headerOf that has been sent came to.
func (l *Layer) header(ctx context.Context, key string, cmd *redis.StringCmd) (got core.Got) {
	if err := cmd.Err(); err != nil {
		got.Err = l.failure(ctx, "read header", key, err)
		return got
	}
	got.Data, got.Err = cmd.Bytes()
	got.OK = len(got.Data) > 0
	return got
}

func mode(m core.Mode) any {
	switch m {
	case core.Fill:
		return "fill"
	case core.Replay:
		return "replay"
	}
	return "force"
}

// lifetime is a TTL for the script: milliseconds, which it puts into ms, or nothing for ever.
func lifetime(ms *int64, ttl time.Duration) any {
	if ttl == core.Forever {
		return ""
	}
	*ms = milliseconds(ttl)
	return ms
}

var errReply = errors.New("script gave an unknown reply")

// ruling reads what the script has returned: a word, perhaps another word, the time,
// and the header in place.
func (c *scriptCmd) ruling() (core.Ruling, error) {
	word, rest, _ := strings.Cut(c.Val(), " ")
	told, rest, _ := strings.Cut(rest, " ")
	now, header, whole := strings.Cut(rest, " ")
	if !whole {
		return core.Ruling{}, errReply
	}
	c.clock.learn(now)
	if word == "late" {
		return core.Ruling{}, errLate
	}
	r := core.Ruling{Stored: word == "stored", Foreign: word == "foreign", Told: told == "told"}
	if !r.Stored && !r.Foreign && word != "refused" || told != "" && !r.Told {
		return core.Ruling{}, errReply
	}
	if header == "" {
		return r, nil
	}
	var b [core.HeaderSize]byte
	h, err := core.ParseHeader(b[:copy(b[:], header)])
	if err != nil {
		return core.Ruling{}, errReply
	}
	r.Header = h
	return r, nil
}
